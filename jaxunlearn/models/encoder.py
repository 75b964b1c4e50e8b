"""Load encoders, which estimate a photo's latents in one pass: the bundled encoder, and GOAE's as published.

The encoder runs in evaluation mode, without dropout and drop-path. The official programs of GUIDE and SUGAR
leave these on by oversight, so their encodings are random.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx

from goae_flax import GOAEEncoder
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.bundled import bundled_or_file
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.generator import Generator

BUNDLED_ENCODERS: Mapping[str, str] = {"heads": "encoder"}
"""Name of a bundled generator → file of its encoder in `jaxunlearn/zoo`, described in MODELS.md there."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
    """An encoder with the mean latent to which its offsets are added; a pytree.

    Attributes:
      name: for tables and files.
      graph, state: the network, as returned by `nnx.split`.
      w_avg: mean latent, `[w_dim]` or `[num_ws, w_dim]`.
    """

    name: str = dataclasses.field(metadata={"static": True})
    graph: nnx.GraphDef[GOAEEncoder] = dataclasses.field(metadata={"static": True})
    state: nnx.State
    w_avg: jax.Array

    @property
    def side(self) -> int:
        """Pixels along each side of the network's input."""
        return nnx.merge(self.graph, self.state).config.swin.image_size

    def encode(self, images: jax.Array) -> jax.Array:
        """Estimate the latents of photos; differentiable.

        Args:
          images: `[N, H, W, 3]` in [-1, 1] of any size, cropped like the generator's training images.

        Returns:
          ws `[N, num_ws, w_dim]` float32.
        """
        network = nnx.merge(self.graph, self.state)
        offsets, _ = network(bicubic(images, network.config.swin.image_size))
        return self.w_avg + offsets


def bicubic(images: jax.Array, side: int) -> jax.Array:
    """Resize images `[N, H, W, C]` in [-1, 1] to `side` x `side` as Pillow does: antialiased and clipped."""
    count, height, width, channels = images.shape
    if (height, width) == (side, side):
        return images
    resized = jax.image.resize(images, (count, side, side, channels), "cubic")
    return jnp.clip(resized, -1, 1)


def load_encoder(generator: Generator, name_or_path: str, *, w_avg: jax.Array | None = None) -> Encoder:
    """Load an encoder for a generator.

    Args:
      generator: the generator that the latents are for.
      name_or_path: "heads" for the bundled encoder, or a file: one of ours, or `encoder_FFHQ.pt` as
        published.
      w_avg: mean latent, `[w_dim]` or `[num_ws, w_dim]`; None uses the generator's.

    Raises:
      InputError: if there is no such file, it cannot be read, is not an encoder, or its latents do not fit
        the generator.
    """
    with bundled_or_file(name_or_path, BUNDLED_ENCODERS, "no encoder is bundled under that name") as file:
        return _read(file, generator, w_avg)


def _read(name: str | Path, generator: Generator, w_avg: jax.Array | None) -> Encoder:
    opened = open_network(name, "goae")
    module = opened.build()
    assert isinstance(module, GOAEEncoder)
    given = module.config.num_ws, module.config.w_dim
    wanted = generator.config.num_ws, generator.config.w_dim
    if given != wanted:
        raise InputError(
            f"{opened.path}: returns latents [{given[0]}, {given[1]}], "
            f"but this generator takes [{wanted[0]}, {wanted[1]}]"
        )
    if w_avg is None:
        w_avg = generator.w_avg
    return Encoder(opened.metadata.get("name", opened.path.stem), *nnx.split(module), w_avg)
