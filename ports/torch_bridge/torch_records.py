"""Builders of PyTorch's tensors, parameters and storages from pickles."""

from typing import Any

import ml_dtypes
import numpy as np

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.pickle_machine import Builder
from torch_bridge.records import COUNT_LIMIT, Global, Instance, Storage, Tensor

DTYPES: dict[str, np.dtype] = {
    "float64": np.dtype("<f8"),
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "int64": np.dtype("<i8"),
    "int32": np.dtype("<i4"),
    "int16": np.dtype("<i2"),
    "int8": np.dtype("i1"),
    "uint8": np.dtype("u1"),
    "uint16": np.dtype("<u2"),
    "uint32": np.dtype("<u4"),
    "uint64": np.dtype("<u8"),
    "bool": np.dtype("?"),
}
"""PyTorch's name → NumPy dtype."""

STORAGE_CLASSES: dict[str, str] = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
}
"""Class of a storage → PyTorch's name of its dtype."""

_UNTYPED = ("torch.storage.UntypedStorage", "torch.UntypedStorage")


def storage_from_id(identifier: Any) -> tuple[str, Storage]:
    """Return the key and the storage, still empty, of a persistent id.

    Raises:
      CheckpointError: if it is not the id of a storage with a supported dtype.
    """
    match identifier:
        case ("storage", Global() as cls, str() as key, str(), int() as count, *rest) if (
            0 <= count <= COUNT_LIMIT
        ):
            if any(part is not None for part in rest):
                raise CheckpointError(
                    "its storages are views of each other, as PyTorch wrote before version 0.4"
                )
            if str(cls) in _UNTYPED:
                return key, Storage(None, count)
            if cls.module == "torch" and cls.name in STORAGE_CLASSES:
                return key, Storage(DTYPES[STORAGE_CLASSES[cls.name]], count)
            raise CheckpointError(f"its storages of class {printable(str(cls))} are not supported")
        case ("module", Global() as cls, *_):
            raise CheckpointError(
                f"it holds the source code of {printable(str(cls))}; save its state_dict() instead"
            )
        case _:
            raise CheckpointError("its pickle holds a malformed reference to a storage")


def _build_tensor(args: tuple[Any, ...]) -> Tensor:
    match args:
        case (
            Storage(dtype=np.dtype() as dtype) as storage,
            int() as offset,
            tuple() as shape,
            tuple() as strides,
            *_,
        ):
            return Tensor(storage, dtype, offset, shape, strides)
        case _:
            raise CheckpointError("its pickle holds a malformed tensor")


def _build_tensor_v3(args: tuple[Any, ...]) -> Tensor:
    match args:
        case (
            Storage() as storage,
            int() as offset,
            tuple() as shape,
            tuple() as strides,
            _,
            _,
            Global(module="torch", name=dtype_name),
            *_,
        ) if dtype_name in DTYPES:
            return Tensor(storage, DTYPES[dtype_name], offset, shape, strides)
        case _:
            raise CheckpointError("its pickle holds a malformed tensor")


def _build_parameter(args: tuple[Any, ...]) -> Tensor:
    match args:
        case (Tensor() as tensor, *_):
            return tensor
        case _:
            raise CheckpointError("its pickle holds a malformed parameter")


def _build_size(args: tuple[Any, ...]) -> tuple[int, ...]:
    match args:
        case (tuple() | list() as sizes,) if all(type(n) is int for n in sizes):
            return tuple(sizes)
        case _:
            raise CheckpointError("its pickle holds a malformed torch.Size")


def _build_device(args: tuple[Any, ...]) -> Instance:
    return Instance("torch.device", args)


def _name_only(args: tuple[Any, ...]) -> Any:
    raise CheckpointError("its pickle calls a dtype or a class of storages")


BUILDERS: dict[str, Builder] = (
    {
        "torch._utils._rebuild_tensor": _build_tensor,
        "torch._utils._rebuild_tensor_v2": _build_tensor,
        "torch._utils._rebuild_tensor_v3": _build_tensor_v3,
        "torch._utils._rebuild_parameter": _build_parameter,
        "torch._utils._rebuild_parameter_with_state": _build_parameter,
        "torch.Size": _build_size,
        "torch.device": _build_device,
    }
    | {f"torch.{name}": _name_only for name in DTYPES}
    | {f"torch.{name}": _name_only for name in STORAGE_CLASSES}
    | dict.fromkeys(_UNTYPED, _name_only)
)
"""Builder by full name."""
