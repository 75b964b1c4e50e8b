"""EG3D's generator: mapping, planes, volume rendering, super-resolution."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from einops import rearrange
from flax import nnx

from eg3d_flax.camera import unflatten
from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.decoder import Decoded, OSGDecoder
from eg3d_flax.mapping import MappingNetwork
from eg3d_flax.planes import texels_of
from eg3d_flax.rays import sample_rays
from eg3d_flax.renderer import Jitter, central_jitter, decode_points, random_jitter, render_rays
from eg3d_flax.superresolution import Superresolution
from eg3d_flax.synthesis import Noise, NoiseMode, SynthesisNetwork


class RenderOutput(NamedTuple):
    """One view of each sample."""

    image: jax.Array
    """`[B, img_resolution, img_resolution, 3]`, about [-1, 1], not clamped."""

    image_raw: jax.Array
    """`[B, N, N, 3]`, the volume rendering before super-resolution, N = neural_rendering_resolution."""

    image_depth: jax.Array
    """`[B, N, N, 1]`, distance from the camera along the ray, in world units."""


class Backbone(nnx.Module):
    """StyleGAN2 with tri-planes as its image."""

    def __init__(self, config: GeneratorConfig, *, rngs: nnx.Rngs):
        self.synthesis = SynthesisNetwork(
            config.w_dim,
            config.plane_resolution,
            3 * config.plane_channels,
            channel_base=config.channel_base,
            channel_max=config.channel_max,
            conv_clamp=config.conv_clamp,
            rngs=rngs,
        )
        self.mapping = MappingNetwork(
            config.z_dim,
            config.c_dim,
            config.w_dim,
            self.synthesis.num_ws,
            num_layers=config.num_layers,
            rngs=rngs,
        )


class TriPlaneGenerator(nnx.Module):
    """`training.triplane.TriPlaneGenerator`.

    Every method takes `compute`, which chooses dtype and forms and never changes the mathematics; it must
    be static when compiled with `jax.jit`. Without `key` and `jitter`, rendering is deterministic: samples
    sit in the middle of their bins. The official code always jitters.
    """

    def __init__(self, config: GeneratorConfig, *, rngs: nnx.Rngs):
        self.config = config
        self.backbone = Backbone(config, rngs=rngs)
        self.decoder = OSGDecoder(
            config.plane_channels,
            hidden_dim=config.decoder_hidden_dim,
            decoder_output_dim=config.decoder_output_dim,
            decoder_lr_mul=config.decoder_lr_mul,
            rngs=rngs,
        )
        has_superresolution = config.superresolution_module != "none"
        self.superresolution = Superresolution(config, rngs=rngs) if has_superresolution else None

    def mapping(
        self,
        z: jax.Array,
        c: jax.Array | None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> jax.Array:
        """Latents z `[B, z_dim]` and conditioning cameras c `[B, 25]` → ws `[B, num_ws, w_dim]`.

        c is scaled by `c_scale`, or replaced by zeros, as the config says; see `MappingNetwork`.
        """
        if c is not None:
            c = c * (0.0 if self.config.c_gen_conditioning_zero else self.config.c_scale)
        return self.backbone.mapping(z, c, truncation_psi=truncation_psi, truncation_cutoff=truncation_cutoff)

    def planes(
        self,
        ws: jax.Array,
        noise_mode: NoiseMode = "const",
        *,
        key: jax.Array | None = None,
        noise: Noise | None = None,
        compute: Compute = DEFAULT,
    ) -> jax.Array:
        """Feature planes `[B, 3, H, W, C]`, float32, of ws `[B, num_ws, w_dim]`; see `SynthesisNetwork`."""
        flat = self.backbone.synthesis(ws, noise_mode=noise_mode, key=key, noise=noise, compute=compute)
        return rearrange(flat, "b h w (p c) -> b p h w c", p=3)

    def draw_noise(self, key: jax.Array, batch: int) -> Noise:
        """Draw the noise of all synthesis layers for `batch` samples; it goes into `planes(noise=...)`."""
        return self.backbone.synthesis.draw_noise(key, batch)

    def query(self, planes: jax.Array, points: jax.Array, *, compute: Compute = DEFAULT) -> Decoded:
        """Colour features and raw density of points `[B, M, 3]` in world space (`sample_mixed`)."""
        return decode_points(texels_of(planes, compute), points, self.decoder, self.config, compute)

    def render(
        self,
        planes: jax.Array,
        ws: jax.Array,
        c: jax.Array,
        key: jax.Array | None = None,
        jitter: Jitter | None = None,
        neural_rendering_resolution: int | None = None,
        *,
        compute: Compute = DEFAULT,
    ) -> RenderOutput:
        """Render one view of each sample.

        Args:
          planes: `[B, 3, H, W, C]` from `planes`.
          ws: `[B, num_ws, w_dim]`; super-resolution uses the last row.
          c: `[B, 25]` cameras.
          key: random key (or one a sample) for the jitter of the samples along the rays.
          jitter: explicit random numbers instead.
          neural_rendering_resolution: side of the volume rendering; None takes the config's.
          compute: dtype and forms; `compute.ray_chunk` bounds the memory.
        """
        side = neural_rendering_resolution or self.config.neural_rendering_resolution
        batch = c.shape[0]
        origins, directions = sample_rays(*unflatten(c), side)
        if jitter is None and key is not None:
            jitter = random_jitter(key, batch, side * side, self.config)
        elif jitter is None:
            jitter = central_jitter(batch, side * side, self.config)
        rendering = render_rays(planes, origins, directions, jitter, self.decoder, self.config, compute)
        features = rearrange(rendering.features, "b (h w) c -> b h w c", h=side)
        depth = rearrange(rendering.depth, "b (h w) c -> b h w c", h=side)
        raw = features[..., :3]
        if self.superresolution is None:
            return RenderOutput(raw, raw, depth)
        image = self.superresolution(raw, features, ws, key=key, compute=compute)
        return RenderOutput(image, raw, depth)

    def synthesis(
        self,
        ws: jax.Array,
        c: jax.Array,
        noise_mode: NoiseMode = "const",
        key: jax.Array | None = None,
        jitter: Jitter | None = None,
        *,
        noise: Noise | None = None,
        neural_rendering_resolution: int | None = None,
        compute: Compute = DEFAULT,
    ) -> RenderOutput:
        """`planes`, then `render`. One `key` serves both; they draw independent numbers from it."""
        for_noise = for_jitter = None
        if key is not None:
            folded = jax.vmap(jax.random.fold_in, (0, None)) if jnp.ndim(key) else jax.random.fold_in
            for_noise, for_jitter = folded(key, 0), folded(key, 1)
        planes = self.planes(ws, noise_mode, key=for_noise, noise=noise, compute=compute)
        return self.render(planes, ws, c, for_jitter, jitter, neural_rendering_resolution, compute=compute)
