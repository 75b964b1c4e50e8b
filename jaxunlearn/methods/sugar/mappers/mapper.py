"""D(w) = w̄ - d · f(w - w̄) / ‖f(w - w̄)‖ with a learned mapper f (SUGAR Eq. 2 and 3); load and save f."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
from flax import nnx
from jax.tree_util import Partial

import torch_bridge
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import parse_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.methods import latents
from jaxunlearn.methods.sugar.mappers import unet
from jaxunlearn.methods.sugar.mappers.transformer import Transformer
from jaxunlearn.methods.sugar.mappers.unet import UNet2D
from jaxunlearn.models.generator import initialised
from torch_bridge import CheckpointError
from torch_bridge.module_files import load_module, save_module

Mapper = UNet2D | Transformer
Space = Literal["w+", "w"]
ARCHITECTURE = {"mapper-unet": "sugar-mapper-unet", "mapper-transformer": "sugar-mapper-transformer"}
"""Kind of target → name of the network in files."""
LOSSES = "losses"
"""Name of the losses in the header of a file."""
GREATEST = {"num_ws": 4096, "w_dim": 4096, "width": 4096, "depth": 256, "heads": 4096}
"""Name of a size in the header of a file → the greatest that is read."""


def initial_mapper(kind: str, model: GeneratorConfig, *, width: int, depth: int, seed: int) -> Mapper:
    """Return a mapper with initial weights.

    Args:
      kind: a key of `ARCHITECTURE`.
      model: sizes of ws.
      width: channels of the U-Net, or width of a row inside the transformer.
      depth: number of blocks of the transformer.
      seed: seed of the weights.
    """
    if kind == "mapper-unet":
        return unet.initialised_unet(seed, width)
    return initialised(
        lambda: Transformer(model.num_ws, model.w_dim, width=width, depth=depth, rngs=nnx.Rngs(seed))
    )


def surrogates_of(mapper: Mapper, w_avg: jax.Array, d: float, space: Space = "w+") -> Partial:
    """Return D, a pytree that maps ws `[N, L, D]` to surrogates of the same shape."""
    graphdef, state = nnx.split(mapper)
    return Partial(DISPLACED[space], graphdef, state, w_avg, jnp.asarray(d))


def displaced(
    graphdef: nnx.GraphDef, state: nnx.State, w_avg: jax.Array, d: jax.Array, ws: jax.Array
) -> jax.Array:
    """Compute D(ws) with the graph and the weights of a mapper."""
    mapper = nnx.merge(graphdef, state)
    return latents.opposite(mapper(ws - w_avg), w_avg, d)


def displaced_within_w(
    graphdef: nnx.GraphDef, state: nnx.State, w_avg: jax.Array, d: jax.Array, ws: jax.Array
) -> jax.Array:
    """Compute D(ws) with one direction for all rows, the mean over rows."""
    mapper = nnx.merge(graphdef, state)
    direction = jnp.mean(mapper(ws - w_avg), axis=-2, keepdims=True)
    return latents.opposite(jnp.broadcast_to(direction, ws.shape), w_avg, d)


DISPLACED = {"w+": displaced, "w": displaced_within_w}
"""Space of surrogates → D. In W+, the paper's space, rows may contradict each other: a mapper that looks for
images unlike the person's finds blurred ones. In W, a surrogate is a face that the generator might draw."""


def save_mapper(mapper: Mapper, path: Path, losses: Sequence[float] = ()) -> None:
    """Write a mapper and the loss of each epoch; the file appears complete or not at all."""
    if isinstance(mapper, UNet2D):
        header = {"architecture": ARCHITECTURE["mapper-unet"], "width": str(mapper.width)}
    else:
        header = {"architecture": ARCHITECTURE["mapper-transformer"], **{n: str(v) for n, v in mapper.sizes}}
    save_module(mapper, path, header={**header, LOSSES: json.dumps(losses)})


def is_of_kind(path: Path, kind: str) -> bool:
    """Return True if a file of `save_mapper` holds a mapper of a kind, a key of `ARCHITECTURE`."""
    return torch_bridge.read_file(path).metadata.get("architecture") == ARCHITECTURE[kind]


def losses_of(path: Path) -> tuple[float, ...]:
    """Read the loss of each epoch from a file of `save_mapper`; empty if its header has none.

    Raises:
      InputError: if its header holds something else.
      torch_bridge.CheckpointError: if it cannot be read.
    """
    text = torch_bridge.read_file(path).metadata.get(LOSSES, "[]")
    return tuple(check_form(parse_json(text, path), list[float], path))


def load_mapper(path: Path, kind: str, model: GeneratorConfig) -> Mapper:
    """Read a mapper that `save_mapper` wrote, or the official `trigger_model_E.pt`.

    Args:
      path: the file.
      kind: a key of `ARCHITECTURE`.
      model: sizes of ws.

    Raises:
      InputError: if the file does not hold a mapper of this kind, or that of another generator.
      torch_bridge.CheckpointError: if it cannot be read.
    """
    if path.suffix in (".pt", ".pth"):
        if kind != "mapper-unet":
            raise InputError(f"{path}: official mappers are of kind mapper-unet, not {kind}")
        try:
            return unet.from_torch(torch_bridge.find_state_dict(torch_bridge.read_file(path).tree))
        except torch_bridge.StateDictError as error:
            raise InputError(f"{path}: is not SUGAR's mapper: {str(error).splitlines()[0]}") from error

    def make(header: Mapping[str, str]) -> Mapper:
        if kind == "mapper-unet":
            return UNet2D(_size(header, "width"), rngs=nnx.Rngs(0))
        sizes = {name: _size(header, name) for name in GREATEST}
        if sizes["width"] % sizes["heads"]:
            raise CheckpointError("its header has a width that its heads cannot divide")
        return Transformer(**sizes, rngs=nnx.Rngs(0))

    mapper = load_module(path, architecture=ARCHITECTURE[kind], make=make)
    own = dict(mapper.sizes) if isinstance(mapper, Transformer) else {}
    if own and (own["num_ws"], own["w_dim"]) != (model.num_ws, model.w_dim):
        raise InputError(
            f"{path}: is the mapper of another generator, with ws [{own['num_ws']}, {own['w_dim']}]; "
            f"this one has [{model.num_ws}, {model.w_dim}]"
        )
    return mapper


def _size(header: Mapping[str, str], name: str) -> int:
    """Return a size from the header of a file."""
    text = header.get(name, "")
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= GREATEST[name]:
        raise CheckpointError(f"its header has no {name} from 1 to {GREATEST[name]}")
    return int(text)
