"""Encoders that guess a photograph's latents in one pass: the bundled one, and GOAE's as published.

The encoder runs as in evaluation: without the dropout and drop-path that the official programs of GUIDE and
SUGAR leave on by oversight, which make every encoding a random draw.
"""

import dataclasses
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import jax
import jax.numpy as jnp
from flax import nnx

from eg3d_flax import TriPlaneGenerator
from goae_flax import GOAEEncoder
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.files.pretrained import locate_file

BUNDLED: Mapping[str, str] = {"heads": "encoder"}
"""Name of a bundled generator → file of its encoder in `jaxunlearn/zoo`; its MODELS.md says what it is."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class Encoder:
    """An encoder with the mean latent that its offsets start from; a pytree.

    Attributes:
      name: for tables and files.
      graph, state: the network, as `nnx.split` returns it.
      w_avg: `[w_dim]` or `[num_ws, w_dim]`.
    """

    name: str = dataclasses.field(metadata={"static": True})
    graph: nnx.GraphDef[GOAEEncoder] = dataclasses.field(metadata={"static": True})
    state: nnx.State
    w_avg: jax.Array

    @property
    def side(self) -> int:
        """Pixels along each side of what the network sees."""
        return nnx.merge(self.graph, self.state).config.swin.image_size

    def encode(self, images: jax.Array) -> jax.Array:
        """Latents of photographs; differentiable.

        Args:
          images: `[N, H, W, 3]` in [-1, 1] of any size, framed as the generator's training images.

        Returns:
          ws `[N, num_ws, w_dim]` float32.
        """
        network = nnx.merge(self.graph, self.state)
        offsets, _ = network(bicubic(images, network.config.swin.image_size))
        return self.w_avg + offsets


def bicubic(images: jax.Array, side: int) -> jax.Array:
    """Images `[N, H, W, C]` at another size, as Pillow does it: antialiased where that shrinks, clipped."""
    count, height, width, channels = images.shape
    if (height, width) == (side, side):
        return images
    resized = jax.image.resize(images, (count, side, side, channels), "cubic")
    return jnp.clip(resized, -1, 1)


def load_encoder(
    generator: TriPlaneGenerator, name_or_path: str, *, w_avg: jax.Array | None = None
) -> Encoder:
    """Load an encoder for a generator.

    Args:
      generator: whose latents are wanted.
      name_or_path: "heads", whose encoder is bundled, or a file: one of ours, or `encoder_FFHQ.pt` as
        published.
      w_avg: `[w_dim]` or `[num_ws, w_dim]`, the mean latent; None takes the one in the generator.

    Raises:
      InputError: if there is no such file, it cannot be read, is no encoder, or its latents are not the
        generator's.
    """
    if name_or_path in BUNDLED:
        file = resources.files("jaxunlearn.zoo") / f"{BUNDLED[name_or_path]}.safetensors"
        with resources.as_file(file) as path:
            return _read(path, generator, w_avg)
    if not locate_file(name_or_path).exists():
        raise InputError(f"{name_or_path}: no such file, and no encoder is bundled under that name")
    return _read(name_or_path, generator, w_avg)


def _read(name: str | Path, generator: TriPlaneGenerator, w_avg: jax.Array | None) -> Encoder:
    opened = open_network(name, "goae")
    module = opened.build()
    assert isinstance(module, GOAEEncoder)
    given = module.config.num_ws, module.config.w_dim
    wanted = generator.config.num_ws, generator.config.w_dim
    if given != wanted:
        raise InputError(
            f"{opened.path}: finds latents of {given[0]} rows of {given[1]}, "
            f"but this generator takes {wanted[0]} rows of {wanted[1]}"
        )
    if w_avg is None:
        w_avg = generator.backbone.mapping.w_avg[...]
    return Encoder(opened.metadata.get("name", opened.path.stem), *nnx.split(module), w_avg)
