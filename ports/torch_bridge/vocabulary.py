"""List the classes and functions that a checkpoint may name, and the plain data that they become.

Nothing is imported or called by name. A class in a namespace of `STUB_NAMESPACES` becomes an inert
`Instance`; networks that were pickled as a whole need this for layers such as `torch.nn.Softplus`.
"""

from typing import Any

from torch_bridge import numpy_records, torch_records
from torch_bridge.errors import CheckpointError, RefusedGlobalError, printable
from torch_bridge.pickle_machine import Builder
from torch_bridge.records import Global, Instance

STUB_NAMESPACES = ("torch.nn", "training", "torch_utils", "dnnlib", "metrics")
"""Top-level packages of EG3D's and PyTorch's network classes."""

_STUB_CLASSES = frozenset(
    [
        "argparse.Namespace",
        *(
            f"{module}.{name}"
            for module in ("pathlib", "pathlib._local")  # the second in Python 3.13
            for name in ("PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")
        ),
    ]
)
"""Classes of options and settings that training scripts save beside the weights."""
_NAMES_ONLY = tuple(
    f"{module}.{name}"
    for module in ("builtins", "__builtin__")
    for name in ("object", "list", "int", "float")
)
"""Classes that a pickle names without calling them, such as the default of a defaultdict."""


def _plain_dict(args: tuple[Any, ...]) -> dict[Any, Any]:
    match args:
        case ():
            return {}
        case (dict() as counts,):
            return counts
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


def _plain_frozenset(args: tuple[Any, ...]) -> frozenset[Any]:
    return frozenset(_plain_set(args))


def _dict_with_default(args: tuple[Any, ...]) -> dict[Any, Any]:
    """Build a defaultdict without its default; the pickle sets its entries afterwards."""
    match args:
        case () | (Global() | None,):
            return {}
    raise CheckpointError("its pickle holds a malformed defaultdict")


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
    "collections.Counter": _plain_dict,
    "collections.defaultdict": _dict_with_default,
    "dnnlib.util.EasyDict": _plain_dict,
    "builtins.dict": _plain_dict,
    "builtins.set": _plain_set,
    "__builtin__.set": _plain_set,
    "builtins.frozenset": _plain_frozenset,
    "__builtin__.frozenset": _plain_frozenset,
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
    raise RefusedGlobalError(
        f"refuses to load global {printable(str(name))}; save only the network's state_dict with torch.save"
    )
