"""Load and apply identity networks, which tell people apart: the bundled ones, and those of the papers.

    judge = load_identity("heads-judge")
    similarity = (judge.embed(before) * judge.embed(after)).sum(-1)

`heads-loss` computes the identity loss. `heads-judge` and `heads-face-judge` measure; they were trained on
other people and are never part of a loss. In training, `heads-face-judge` saw everybody in other hair and
glasses in every photograph. An `IdentityNetwork` is a pytree and should be an argument of a jitted function:
weights that the function closes over become constants, which XLA compiles slowly.
"""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

import arcface_flax
import mtcnn_flax
from arcface_flax import ArcFace
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.bundled import bundled_or_file
from jaxunlearn.models.files.network_files import open_network
from torch_bridge.errors import printable

BUNDLED_NETWORKS: Mapping[str, str] = {
    "heads-loss": "identity_loss",
    "heads-judge": "identity_judge",
    "heads-face-judge": "identity_face_judge",
}
"""Name → file in `jaxunlearn/zoo`, described in MODELS.md there."""

Framing = Literal["whole", "face"]
"""Input of a network: the whole image, or the face as cropped by `arcface_flax.identity_crop`."""

PUBLISHED = {
    "model_ir_se50": "IR-SE50",
    "CurricularFace_Backbone": "CurricularFace IR-101",
}
"""Stem of a published file → name of its network; many other files hold networks of the same sizes."""


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class IdentityNetwork:
    """A face recognition network for images of any size; a pytree.

    Attributes:
      name: for tables and reports.
      threshold: cosine similarity from which on two pictures count as one person. On renderings that were not
        used in training, one of a hundred pairs of different people reaches it. None if nobody measured it.
      framing: see `Framing`.
      graph, state: the network, as returned by `nnx.split`.
    """

    name: str = dataclasses.field(metadata={"static": True})
    threshold: float | None = dataclasses.field(metadata={"static": True})
    framing: Framing = dataclasses.field(metadata={"static": True})
    graph: nnx.GraphDef[ArcFace] = dataclasses.field(metadata={"static": True})
    state: nnx.State

    def embed(self, images: jax.Array, *, dtype: DTypeLike = jnp.float32) -> jax.Array:
        """Embed images as unit vectors, whose products are cosine similarities; differentiable.

        Args:
          images: `[N, H, W, 3]` in [-1, 1], cropped like the bundled generator's images or like FFHQ.
          dtype: of the convolutions.

        Returns:
          `[N, E]` float32.
        """
        network = nnx.merge(self.graph, self.state)
        side = network.config.input_size
        if self.framing == "face":
            return network(arcface_flax.identity_crop(images, size=side), dtype=dtype)
        return network(whole_image(images, side), dtype=dtype)

    @property
    def takes_aligned_faces(self) -> bool:
        """True if the network was trained on upright faces of 112 x 112 pixels."""
        side = nnx.merge(self.graph, self.state).config.input_size
        return self.framing == "face" and side == mtcnn_flax.ALIGNED_SIZE

    def embed_faces(self, faces: jax.Array) -> jax.Array:
        """Embed faces `[N, S, S, 3]`, cropped to the network's input size, as unit vectors `[N, E]`."""
        return nnx.merge(self.graph, self.state)(faces)


def whole_image(images: jax.Array, side: int) -> jax.Array:
    """Resize images `[N, H, W, C]` bilinearly to `[N, side, side, C]`; antialiased when they shrink."""
    count, _, _, channels = images.shape
    return jax.image.resize(jnp.asarray(images, jnp.float32), (count, side, side, channels), "linear")


def identity_network(
    module: ArcFace, *, name: str, threshold: float | None, framing: Framing
) -> IdentityNetwork:
    """Make an `IdentityNetwork` from a module; for the arguments see there.

    Raises:
      InputError: if there is no such framing.
    """
    if framing not in get_args(Framing):
        raise InputError(f"no framing {framing!r}; choose from {', '.join(get_args(Framing))}")
    graph, state = nnx.split(module)
    return IdentityNetwork(name=name, threshold=threshold, framing=framing, graph=graph, state=state)


def load_identity(name_or_path: str) -> IdentityNetwork:
    """Load an identity network.

    Args:
      name_or_path: "heads-loss", "heads-judge" or "heads-face-judge" for a bundled network; or a file: one of
        ours, or `model_ir_se50.pth` or `CurricularFace_Backbone.pth` as published.

    Raises:
      InputError: if there is no such network, its file cannot be read, or its weights do not fit.
    """
    otherwise = f"not the name of an identity network ({', '.join(BUNDLED_NETWORKS)})"
    with bundled_or_file(name_or_path, BUNDLED_NETWORKS, otherwise) as file:
        return _read(file)


def save_identity(
    network: IdentityNetwork, path: Path, notes: Mapping[str, str], *, dtype: str = "float32"
) -> None:
    """Write a network; the header has its config, name, threshold, framing and `notes`.

    Args:
      network: the network.
      path: a `.safetensors` file; it appears complete or not at all.
      notes: source, licence, seed, ...
      dtype: "float32", or "float16" for half the size.
    """
    known = {"name": network.name, "framing": network.framing}
    if network.threshold is not None:
        known["threshold"] = f"{network.threshold:.4f}"
    arcface_flax.save(nnx.merge(network.graph, network.state), path, dtype=dtype, notes={**known, **notes})


def _read(name: str | Path) -> IdentityNetwork:
    opened = open_network(name, "arcface")
    header = opened.metadata
    threshold = _threshold(opened.path, header["threshold"]) if "threshold" in header else None
    module = opened.build()
    assert isinstance(module, ArcFace)
    return identity_network(
        module,
        name=header.get("name", PUBLISHED.get(opened.path.stem, opened.path.stem)),
        threshold=threshold,
        framing="whole" if header.get("framing") == "whole" else "face",
    )


def _threshold(path: Path, text: str) -> float:
    try:
        threshold = float(text)
    except ValueError:
        threshold = math.nan
    if not math.isfinite(threshold):
        raise InputError(f"{path}: the threshold in its header is {printable(text)}, not a finite number")
    return threshold
