"""EG3D's generator: mapping, planes, volume rendering and super-resolution."""

from typing import NamedTuple

import jax
from einops import rearrange
from flax import nnx

from eg3d_flax.camera import unflatten
from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.decoder import Decoded, OSGDecoder
from eg3d_flax.mapping import MappingNetwork
from eg3d_flax.randomness import folded
from eg3d_flax.rays import sample_rays
from eg3d_flax.renderer import (
    Jitter,
    central_jitter,
    decode_points,
    merged_texels,
    random_jitter,
    render_rays,
)
from eg3d_flax.superresolution import Superresolution
from eg3d_flax.synthesis import NOTHING, Adaptation, Noise, NoiseMode, SynthesisNetwork


class RenderOutput(NamedTuple):
    """One view of each latent."""

    image: jax.Array
    """`[B, img_resolution, img_resolution, 3]` in about [-1, 1], not clamped."""

    image_raw: jax.Array
    """`[B, N, N, 3]`, the volume rendering before super-resolution; N is `neural_rendering_resolution`."""

    image_depth: jax.Array
    """`[B, N, N, 1]`, distance from the camera along the ray in world units."""


class Backbone(nnx.Module):
    """StyleGAN2 with tri-planes instead of an image."""

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
    """EG3D's generator (`training.triplane.TriPlaneGenerator`).

    The argument `compute` of the methods chooses dtype and forms, never the mathematics; it must be static
    under `jax.jit`. Without `key` and `jitter`, rendering is deterministic: the samples of a ray lie in the
    middle of their bins. The official code always jitters.
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

    @property
    def w_avg(self) -> jax.Array:
        """Mean latent of its training, `[w_dim]`."""
        return self.backbone.mapping.w_avg[...]

    @jax.named_scope("mapping")
    def mapping(
        self,
        z: jax.Array,
        c: jax.Array | None,
        truncation_psi: float | jax.Array = 1.0,
        truncation_cutoff: int | None = None,
    ) -> jax.Array:
        """Map z `[B, z_dim]` and conditioning cameras c `[B, 25]` to ws `[B, num_ws, w_dim]`.

        The config tells if c is scaled by `c_scale` or replaced by zeros. See `MappingNetwork`.
        """
        if c is not None:
            c = c * (0.0 if self.config.c_gen_conditioning_zero else self.config.c_scale)
        return self.backbone.mapping(z, c, truncation_psi=truncation_psi, truncation_cutoff=truncation_cutoff)

    @jax.named_scope("backbone")
    def planes(
        self,
        ws: jax.Array,
        noise_mode: NoiseMode = "const",
        *,
        key: jax.Array | None = None,
        noise: Noise | None = None,
        adapt: Adaptation = NOTHING,
        compute: Compute = DEFAULT,
    ) -> jax.Array:
        """Map ws `[B, num_ws, w_dim]` to feature planes `[B, 3, H, W, C]` float32; see `SynthesisNetwork`."""
        flat = self.backbone.synthesis(
            ws, noise_mode=noise_mode, key=key, noise=noise, adapt=adapt, compute=compute
        )
        return rearrange(flat, "b h w (p c) -> b p h w c", p=3)

    def draw_noise(self, key: jax.Array, batch: int) -> Noise:
        """Draw the noise of all synthesis layers for `batch` samples; it goes into `planes(noise=...)`."""
        return self.backbone.synthesis.draw_noise(key, batch)

    def query(self, planes: jax.Array, points: jax.Array, *, compute: Compute = DEFAULT) -> Decoded:
        """Return colour features and raw density of points `[B, M, 3]` in world space (`sample_mixed`)."""
        texels = merged_texels(planes, self.config, compute)
        return decode_points(texels, points, self.decoder, self.config, compute)

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
        """Render one view of each latent.

        Args:
          planes: `[B, 3, H, W, C]` from `planes`.
          ws: `[B, num_ws, w_dim]`; super-resolution uses the last row.
          c: cameras `[B, 25]`.
          key: random key, or one key per latent, for the jitter of the samples along rays, and for
            the noise of super-resolution where it is random.
          jitter: random numbers to use instead of `key`.
          neural_rendering_resolution: side of the volume rendering; None uses the config's.
          compute: dtype and forms; `compute.ray_chunk` limits the memory.

        Raises:
          ValueError: if there is not one camera for each latent.
        """
        if c.shape != (len(planes), 25):
            raise ValueError(f"c must be [{len(planes)}, 25], a camera for each latent, not {list(c.shape)}")
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
        noise_key = None if key is None else folded(key, 2)  # the jitter's numbers are 0 and 1
        image = self.superresolution(raw, features, ws, key=noise_key, compute=compute)
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
        """Compute `planes`, then `render`; both derive independent random numbers from `key`."""
        noise_key = jitter_key = None
        if key is not None:
            noise_key, jitter_key = folded(key, 0), folded(key, 1)
        planes = self.planes(ws, noise_mode, key=noise_key, noise=noise, compute=compute)
        return self.render(planes, ws, c, jitter_key, jitter, neural_rendering_resolution, compute=compute)
