"""Super-resolution from the rendered feature image to the final image."""

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax.batch_padding import filled
from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.randomness import per_sample
from eg3d_flax.synthesis import Noise, SynthesisBlock


def resize_bilinear(image: jax.Array, resolution: int, *, antialias: bool) -> jax.Array:
    """Resize `[B, H, W, C]` to `[B, resolution, resolution, C]`, as `interpolate(align_corners=False)`."""
    shape = (image.shape[0], resolution, resolution, image.shape[-1])
    return jax.image.resize(image, shape, "bilinear", antialias=antialias)


class Superresolution(nnx.Module):
    """EG3D's `SuperresolutionHybrid` 2X, 4X, 8X and 8XDC: two synthesis blocks that use the last row of ws.

    They differ in sizes, in the scaling of the first block, and in the resizing of the input, as listed in
    `SUPERRESOLUTION_SHAPES` in config.py.
    """

    def __init__(self, config: GeneratorConfig, *, rngs: nnx.Rngs):
        shape = config.superresolution_shape
        channels = config.superresolution_channels
        self.config = config
        self.input_resolution = config.superresolution_input_resolution
        middle = self.input_resolution * (2 if shape.first_block_up else 1)
        shared = {
            "w_dim": config.w_dim,
            "img_channels": 3,
            "conv_clamp": config.superresolution_conv_clamp,
            "rngs": rngs,
        }
        self.block0 = SynthesisBlock(
            config.decoder_output_dim,
            channels[0],
            resolution=middle,
            up=2 if shape.first_block_up else 1,
            **shared,
        )
        self.block1 = SynthesisBlock(channels[0], channels[1], resolution=2 * middle, **shared)

    @property
    def blocks(self) -> dict[str, SynthesisBlock]:
        """The two blocks by name."""
        return {"block0": self.block0, "block1": self.block1}

    def _resize(self, image: jax.Array) -> jax.Array:
        side = image.shape[1]
        if side == self.input_resolution:
            return image
        most = self.config.most_rays
        if most is not None and side > most:
            raise ValueError(
                f"{self.config.superresolution_module} super-resolution takes at most "
                f"{most} x {most} rays, not {side} x {side}; "
                "lower neural_rendering_resolution"
            )
        return resize_bilinear(image, self.input_resolution, antialias=self.config.sr_antialias)

    def _noise(self, block: int, name: str, key: jax.Array | None, batch: int) -> Noise:
        if self.config.superresolution_noise_mode == "none":
            return {}
        if key is None:
            raise ValueError('this generator has superresolution_noise_mode="random": pass key=')
        draws = {}
        for i, (conv, layer) in enumerate(self.blocks[name].convolutions.items()):
            shape = (layer.resolution, layer.resolution, 1)
            draws[conv] = per_sample(jax.random.normal, key, batch, shape, fold=2 * block + i)
        return draws

    @jax.named_scope("superresolution")
    def __call__(
        self,
        rgb: jax.Array,
        features: jax.Array,
        ws: jax.Array,
        *,
        key: jax.Array | None = None,
        resize: bool = True,
        compute: Compute = DEFAULT,
    ) -> jax.Array:
        """Enlarge the rendered image.

        Args:
          rgb: `[B, N, N, 3]` raw image.
          features: `[B, N, N, decoder_output_dim]`.
          ws: `[B, num_ws, w_dim]`; only the last row is used.
          key: needed for `superresolution_noise_mode="random"`; the noise mode of synthesis does not matter
            here.
          resize: False takes the input as a part of an image, in its own size, instead of resizing it to the
            module's input size. Random noise has the size of whole images, so that it does not fit a part.
          compute: forms and dtype.

        Returns:
          `[B, img_resolution, img_resolution, 3]` float32; without `resize`, twice or four times the input.

        Raises:
          ValueError: if the input is too large for the "4X" module, or random noise has no key.
        """
        rows = jnp.repeat(ws[:, -1:].astype(jnp.float32), 3, axis=1)
        count = len(rgb)
        noise = {name: self._noise(i, name, key, count) for i, name in enumerate(self.blocks)}
        x, img = (self._resize(features), self._resize(rgb)) if resize else (features, rgb)
        x, rows, noise = filled(compute.batch_multiple, x, rows, noise)
        for name, block in self.blocks.items():
            x, img = block(x, img, rows, noise=noise[name], images=count, compute=compute)
        return img
