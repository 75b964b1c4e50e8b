"""Read and write files of latents."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
from numpy.typing import ArrayLike

import torch_bridge
from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import local_path, parse_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.files.numpy_arrays import LARGEST, is_npy, read_numpy, write_npz
from jaxunlearn.given_arrays import numbers_of
from torch_bridge import CheckpointError

_FLOAT32 = 4  # bytes
_SUFFIXES = (".npz", ".npy", ".pt", ".pth", ".pkl", ".safetensors")
_ADVICE = (
    "latents are read from .npz, .npy, .pt and .safetensors, and jaxunlearn invert finds those of a photo"
)


class _Photo(TypedDict):
    """A photo in the provenance of latents; photos of TFDS have no SHA-256."""

    sha256: NotRequired[str]


class Provenance(TypedDict):
    """What the provenance of latents says about their generator, and their photos in order."""

    model: NotRequired[str]
    latent_space: NotRequired[str]
    """See `generator.latent_space_of`."""
    photographs: NotRequired[list[_Photo]]


def read_latents(path: Path | str, config: GeneratorConfig) -> np.ndarray:
    """Read the latents ws of a file.

    Args:
      path: .npy, .npz (array `ws`, or its only array), or a PyTorch or safetensors file with one tensor.
        Shapes `[num_ws, w_dim]`, `[N, num_ws, w_dim]`, and single rows `[w_dim]`, `[N, 1, w_dim]`, which are
        repeated.
      config: of the latents' generator.

    Returns:
      `[N, num_ws, w_dim]` float32.

    Raises:
      InputError: if the file is unreadable, or its latents do not fit the generator.
    """
    path = local_path(path)
    try:
        ws = numbers_of(f"{path}: latents", _read_array(path))
    except CheckpointError as error:
        advice = "" if path.suffix.lower() in _SUFFIXES else f"; {_ADVICE}"
        raise InputError(f"{error}{advice}") from error
    shape = list(ws.shape)
    while ws.ndim > 3 and ws.shape[1] == 1:  # SUGAR's mapper returns [N, 1, num_ws, w_dim]
        ws = ws[:, 0]
    if ws.ndim == 1:
        ws = ws[None]
    if ws.ndim == 2:
        ws = ws[None]
    if ws.ndim != 3 or ws.shape[1] not in (1, config.num_ws) or ws.shape[2] != config.w_dim:
        raise InputError(
            f"{path}: latents of shape {shape} do not fit this generator, "
            f"which takes [N, {config.num_ws}, {config.w_dim}]"
        )
    if not len(ws):
        raise InputError(f"{path}: holds no latents")
    if len(ws) * config.num_ws * config.w_dim * _FLOAT32 > LARGEST:
        raise InputError(f"{path}: holds {len(ws)} latents, too many for one file; split the file")
    with np.errstate(over="ignore"):
        ws = ws.astype(np.float32)
    if not np.isfinite(ws).all():
        raise InputError(f"{path}: contains NaN or infinity, or numbers too large for float32")
    return np.array(np.broadcast_to(ws, (len(ws), config.num_ws, config.w_dim)))


def fitting_latents(given: ArrayLike, config: GeneratorConfig, what: str = "latents") -> np.ndarray:
    """Return latents `[N, num_ws, w_dim]` float32, if they fit a generator.

    Args:
      given: the latents.
      config: of the generator.
      what: what an error calls them.

    Raises:
      InputError: if they have another shape, are no numbers or not finite, or there are none.
    """
    ws = np.asarray(numbers_of(what, given), np.float32)
    if ws.ndim != 3 or ws.shape[1:] != (config.num_ws, config.w_dim) or not len(ws):
        raise InputError(
            f"{what} of shape {list(ws.shape)} do not fit this generator, "
            f"which takes [N, {config.num_ws}, {config.w_dim}]"
        )
    if not np.isfinite(ws).all():
        raise InputError(f"{what} contain NaN or infinity")
    return ws


def read_names(path: Path | str) -> tuple[str, ...] | None:
    """Read the names of the people in a file of `write_latents`; None for other files."""
    names = _texts(path, "names")
    return None if names is None else tuple(names.ravel().tolist())


def read_photos_sha256(path: Path | str) -> tuple[str | None, ...]:
    """Read SHA-256 of each person's photo in a file of `write_latents`; None for photos without a file.

    Returns:
      Empty for other files, and for latents that are of no photos.

    Raises:
      InputError: if the provenance of the latents has another form.
    """
    return tuple(photo.get("sha256") for photo in read_provenance(path).get("photographs", []))


def read_provenance(path: Path | str) -> Provenance:
    """Read where the latents in a file of `write_latents` come from; empty for other files.

    Raises:
      InputError: if it has another form.
    """
    provenance = _texts(path, "provenance")
    if provenance is None or provenance.ndim:
        return {}
    place = f"{path}: provenance"
    return check_form(parse_json(str(provenance), place), Provenance, place)


def _texts(path: Path | str, name: str) -> np.ndarray | None:
    """Read an array of texts in an .npz file; None if there is none of this name."""
    path = local_path(path)
    if not _is_numpy(path):
        return None
    arrays = read_numpy(path)
    if not isinstance(arrays, dict) or name not in arrays or arrays[name].dtype.kind != "U":
        return None
    return arrays[name]


def write_latents(
    path: Path, ws: np.ndarray, *, names: Sequence[str], c: np.ndarray, provenance: Mapping[str, object]
) -> None:
    """Write latents as .npz; the file appears complete or not at all.

    Args:
      path: file to write; its folder must exist.
      ws: `[N, num_ws, w_dim]`.
      names: `N` names of the people.
      c: `[N, 25]`, the cameras of the photos.
      provenance: model, method and source of the latents; stored as JSON.
    """
    write_npz(
        path,
        ws=np.asarray(ws, np.float32),
        c=np.asarray(c, np.float32),
        names=np.array(list(names)),
        provenance=np.array(json.dumps(dict(provenance))),
    )


def is_ws(array: np.ndarray | None, ndim: int) -> bool:
    """Return True for latents as folders keep them: so many axes, and finite numbers of float32."""
    if array is None or array.ndim != ndim or array.dtype != np.float32:
        return False
    return bool(np.isfinite(array).all())


def _is_numpy(path: Path) -> bool:
    return path.suffix.lower() in (".npy", ".npz") or is_npy(path)


def _read_array(path: Path) -> np.ndarray:
    if _is_numpy(path):
        return _read_numpy(path)
    tree = torch_bridge.read_file(path).tree
    with torch_bridge.naming_file(path):
        if isinstance(tree, dict):
            return _only(path, torch_bridge.flat_state_dict(tree))
        return torch_bridge.as_array(tree)


def _read_numpy(path: Path) -> np.ndarray:
    arrays = read_numpy(path)
    return arrays if isinstance(arrays, np.ndarray) else _only(path, arrays)


def _only(path: Path, arrays: dict[str, np.ndarray]) -> np.ndarray:
    if "ws" in arrays:
        return arrays["ws"]
    if len(arrays) != 1:
        raise InputError(f"{path}: expected an array called ws, found {', '.join(arrays) or 'nothing'}")
    return next(iter(arrays.values()))
