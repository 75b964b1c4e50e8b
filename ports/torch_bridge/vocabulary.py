"""List the classes and functions that a checkpoint may name, and the plain data that they become.

Nothing is imported or called by name. A class in a namespace of `STUB_NAMESPACES` becomes an inert
`Instance`; networks that were pickled as a whole need this for layers such as `torch.nn.Softplus`.
"""

import sys
from typing import Any

from torch_bridge import numpy_records, torch_records
from torch_bridge.errors import CheckpointError, RefusedGlobalError, printable
from torch_bridge.pickle_machine import Builder
from torch_bridge.records import Global, Instance

STUB_NAMESPACES = ("torch.nn", "training", "torch_utils", "dnnlib", "metrics")
"""Top-level packages of EG3D's and PyTorch's network classes."""

_STUB_CLASSES = ("argparse.Namespace", "pathlib.PosixPath", "pathlib.PurePosixPath")
_NAMES_ONLY = ("builtins.object", "__builtin__.object")


def _plain_dict(args: tuple[Any, ...]) -> dict[Any, Any]:
    match args:
        case ():
            return {}
        case (list() | tuple() as pairs,) if all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs
        ):
            if all(isinstance(key, str | int) for key, _ in pairs):
                return dict(pairs)
    raise CheckpointError("its pickle holds a malformed dict")


def _plain_set(args: tuple[Any, ...]) -> set[Any]:
    match args:
        case ():
            return set()
        case (list() | tuple() as values,) if all(isinstance(value, str | int) for value in values):
            return set(values)
    raise CheckpointError("its pickle holds a malformed set")


def _latin1_bytes(args: tuple[Any, ...]) -> bytes:
    """Build bytes from a pickle of protocol 2, which has no instruction for bytes."""
    match args:
        case (str() as text, "latin1" | "latin-1") if text.isascii() or max(text) <= "\xff":
            return text.encode("latin1")
        case ():  # protocol 2 writes b"" like this in some versions
            return b""
    raise CheckpointError("its pickle holds a malformed byte string")


def _instance_of_first(args: tuple[Any, ...]) -> Any:
    """Build an object of `copyreg._reconstructor` (protocols 0, 1) or `copyreg.__newobj__` (protocol 2)."""
    match args:
        case (Global() as cls, *rest) if cls.module not in ("copyreg", "copy_reg"):
            return builder(cls)(() if rest[:1] == [Global("builtins", "object")] else tuple(rest))
    raise CheckpointError("its pickle creates an object without a class")


def _persistent_object(args: tuple[Any, ...]) -> Instance:
    """Build a network of NVIDIA's code; its source code in the pickle is ignored."""
    match args:
        case ({"class_name": str() as class_name, "state": dict() as state},):
            return Instance(class_name, state=state)
    raise CheckpointError("its pickle holds a malformed persistent object")


def _name_only(args: tuple[Any, ...]) -> Any:
    raise CheckpointError("its pickle calls a class that may only be named")


_BUILDERS: dict[str, Builder] = {
    "collections.OrderedDict": _plain_dict,
    "dnnlib.util.EasyDict": _plain_dict,
    "builtins.dict": _plain_dict,
    "builtins.set": _plain_set,
    "__builtin__.set": _plain_set,
    "_codecs.encode": _latin1_bytes,
    "builtins.bytes": _latin1_bytes,
    "__builtin__.bytes": _latin1_bytes,
    "copyreg._reconstructor": _instance_of_first,
    "copy_reg._reconstructor": _instance_of_first,
    "copyreg.__newobj__": _instance_of_first,
    "torch_utils.persistence._reconstruct_persistent_obj": _persistent_object,
    **dict.fromkeys(_NAMES_ONLY, _name_only),
    **numpy_records.BUILDERS,
    **torch_records.BUILDERS,
}


def _is_stub(name: Global) -> bool:
    in_namespace = any(f"{name.module}.".startswith(f"{space}.") for space in STUB_NAMESPACES)
    return in_namespace or str(name) in _STUB_CLASSES


def builder(name: Global) -> Builder:
    """Return the builder of a class or function.

    Raises:
      RefusedGlobalError: if a checkpoint does not need it.
    """
    parts = (*name.module.split("."), name.name)
    if all(part.isidentifier() for part in parts):  # a dotted name would be an attribute of an attribute
        if str(name) in _BUILDERS:
            return _BUILDERS[str(name)]
        if _is_stub(name):
            return lambda args: Instance(str(name), args)
    hint = ""
    is_class_of_a_project = name.name[:1].isupper() and parts[0] not in sys.stdlib_module_names
    if is_class_of_a_project:
        hint = "; if this is a network saved whole by torch.save(network), save network.state_dict() instead"
    raise RefusedGlobalError(f"refuses to load global {printable(str(name))}{hint}")
