"""Networks that tell people apart: the bundled pair, and those of the papers from files of their authors.

    judge = load_identity("heads-judge")
    similarity = (judge.embed(before) * judge.embed(after)).sum(-1)

`heads-loss` is what an identity loss is computed with; `heads-judge`, trained on other people and never part
of a loss, measures. An `IdentityNetwork` is a pytree, so a jitted function can take it as an argument:
weights that it closes over become constants, which XLA compiles slowly.
"""

import dataclasses
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

import arcface_flax
import mtcnn_flax
from arcface_flax import ArcFace, ArcFaceConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.files.pretrained import locate_file

BUNDLED: Mapping[str, str] = {"heads-loss": "identity_loss", "heads-judge": "identity_judge"}
"""Name → file in `jaxunlearn/zoo`; its MODELS.md says what they are."""

Framing = Literal["whole", "face"]
"""What a network looks at: the whole image, or the face as `arcface_flax.identity_crop` cuts it."""

PUBLISHED = {
    ArcFaceConfig.ir_se50(): "IR-SE50",
    ArcFaceConfig.ir_101(): "CurricularFace IR-101",
}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True, eq=False)
class IdentityNetwork:
    """A face recognition network with what it needs to be applied to images of any size.

    Attributes:
      name: for tables and reports.
      threshold: cosine above which two pictures count as one person: one in a hundred pairs of different
        people reaches it, on renderings held out of the training. None where nobody measured it.
      framing: see `Framing`.
      graph, state: the network, as `nnx.split` returns it.
    """

    name: str = dataclasses.field(metadata={"static": True})
    threshold: float | None = dataclasses.field(metadata={"static": True})
    framing: Framing = dataclasses.field(metadata={"static": True})
    graph: nnx.GraphDef[ArcFace] = dataclasses.field(metadata={"static": True})
    state: nnx.State

    def embed(self, images: jax.Array, *, dtype: DTypeLike = jnp.float32) -> jax.Array:
        """Unit vectors whose products are cosine similarities; differentiable.

        Args:
          images: `[N, H, W, 3]` in [-1, 1], framed as the bundled generator's or as FFHQ.
          dtype: what the convolutions compute in.

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
        """Whether it was trained on faces of 112 pixels a side, turned upright."""
        side = nnx.merge(self.graph, self.state).config.input_size
        return self.framing == "face" and side == mtcnn_flax.ALIGNED_SIZE

    def embed_faces(self, faces: jax.Array) -> jax.Array:
        """As `embed`, of faces `[N, S, S, 3]` that are already cut out and of the network's size."""
        return nnx.merge(self.graph, self.state)(faces)


def whole_image(images: jax.Array, side: int) -> jax.Array:
    """Images `[N, H, W, C]` bilinearly resized to `[N, side, side, C]`, antialiased where that shrinks."""
    count, _, _, channels = images.shape
    return jax.image.resize(jnp.asarray(images, jnp.float32), (count, side, side, channels), "linear")


def identity_network(
    module: ArcFace, *, name: str, threshold: float | None, framing: Framing
) -> IdentityNetwork:
    """A module with what is known about it."""
    graph, state = nnx.split(module)
    return IdentityNetwork(name=name, threshold=threshold, framing=framing, graph=graph, state=state)


def load_identity(name_or_path: str) -> IdentityNetwork:
    """Load an identity network.

    Args:
      name_or_path: "heads-loss" or "heads-judge", which are bundled; or a file: one of ours, or
        `model_ir_se50.pth` or `CurricularFace_Backbone.pth` as published.

    Raises:
      InputError: if there is no such network, its file cannot be read, or its weights do not fit.
    """
    if name_or_path in BUNDLED:
        file = resources.files("jaxunlearn.zoo") / f"{BUNDLED[name_or_path]}.safetensors"
        with resources.as_file(file) as path:
            return _read(path)
    if not locate_file(name_or_path).exists():
        raise InputError(
            f"{name_or_path}: no such file, and not the name of an identity network ({', '.join(BUNDLED)})"
        )
    return _read(name_or_path)


def save_identity(
    network: IdentityNetwork, path: Path, notes: Mapping[str, str], *, dtype: str = "float32"
) -> None:
    """Write a network with a header of its config, name, threshold, framing and `notes`.

    Args:
      network: what to write.
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
    module, header = opened.build(), opened.metadata
    assert isinstance(module, ArcFace)
    return identity_network(
        module,
        name=header.get("name", PUBLISHED.get(module.config, opened.path.stem)),
        threshold=float(header["threshold"]) if "threshold" in header else None,
        framing="whole" if header.get("framing") == "whole" else "face",
    )
