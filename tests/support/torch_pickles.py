"""Write the files that PyTorch and NVIDIA's code base write, without either, and files that mean harm.

The standard pickler writes a class or function by reference if it finds it under its name in `sys.modules`;
so a few empty modules with the right names are put there while it works.
"""

import collections
import contextlib
import dataclasses
import importlib
import io
import pickle
import struct
import sys
import types
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from unittest import mock

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
STORAGES = {
    "float64": "DoubleStorage",
    "float32": "FloatStorage",
    "float16": "HalfStorage",
    "bfloat16": "BFloat16Storage",
    "int64": "LongStorage",
    "int32": "IntStorage",
    "int16": "ShortStorage",
    "int8": "CharStorage",
    "uint8": "ByteStorage",
    "bool": "BoolStorage",
}
MODULE_SOURCE = "raise RuntimeError('the source text of a network pickle was executed')\n"

_fakes: dict[str, types.ModuleType] = {}


def named_class(module: str, name: str) -> type:
    """Return an empty class that pickles refer to as `module.name`; the real one if it is numpy's."""
    if module.startswith("numpy"):
        return getattr(importlib.import_module(module), name)
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        _fakes.setdefault(path, types.ModuleType(path))
    if not hasattr(_fakes[module], name):
        setattr(_fakes[module], name, type(name, (), {"__module__": module, "__qualname__": name}))
    return getattr(_fakes[module], name)


@contextlib.contextmanager
def _fake_modules() -> Iterator[None]:
    with mock.patch.dict(sys.modules, _fakes):
        yield


# Known before pickling starts, because storages are only reduced on the way.
for _name in STORAGES.values():
    named_class("torch", _name)
named_class("torch.storage", "_load_from_bytes")


class Call:
    """An object pickled as a call of `module.name(*args)`, then `__setstate__(state)`."""

    def __init__(self, module: str, name: str, *args: Any, state: Any = None):
        self._reduced = (named_class(module, name), args, state)

    def __reduce__(self):
        return self._reduced


@dataclasses.dataclass(eq=False)
class Storage:
    """A storage; containers keep it outside of the pickle, plain pickles embed it as a small file."""

    values: np.ndarray
    embed_as: Callable[[Any], bytes] | None = None

    @property
    def cls(self) -> type:
        return named_class("torch", STORAGES[self.values.dtype.name])

    def __reduce__(self):
        assert self.embed_as is not None
        return Call("torch.storage", "_load_from_bytes", self.embed_as(Storage(self.values))).__reduce__()


def tensor(storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Call:
    """Return a tensor that looks into `storage`."""
    hooks = collections.OrderedDict()
    return Call("torch._utils", "_rebuild_tensor_v2", storage, offset, shape, strides, False, hooks)


def tensor_of(array: np.ndarray, embed_as: Callable[[Any], bytes] | None = None) -> Call:
    """Return a contiguous tensor with a storage of its own."""
    strides = tuple(stride // array.itemsize for stride in np.empty(array.shape, array.dtype).strides)
    return tensor(Storage(array.ravel(), embed_as), 0, array.shape, strides)


def parameter_of(array: np.ndarray, embed_as: Callable[[Any], bytes] | None = None) -> Call:
    """Return `tensor_of` as a parameter."""
    hooks = collections.OrderedDict()
    return Call("torch._utils", "_rebuild_parameter", tensor_of(array, embed_as), True, hooks)


class _Pickler(pickle.Pickler):
    """A pickler that replaces storages by persistent ids and collects them."""

    def __init__(self, file: io.BytesIO, protocol: int):
        super().__init__(file, protocol)
        self.storages: dict[int, Storage] = {}

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, Storage):
            return None
        self.storages[id(obj)] = obj
        key = str(list(self.storages).index(id(obj)))
        return ("storage", obj.cls, key, "cpu", obj.values.size)


def _pickled(tree: Any, protocol: int) -> tuple[bytes, list[Storage]]:
    file = io.BytesIO()
    pickler = _Pickler(file, protocol)
    with _fake_modules():
        pickler.dump(tree)
    return file.getvalue(), list(pickler.storages.values())


def plain_bytes(tree: Any, protocol: int = 4) -> bytes:
    """Write a plain pickle; storages need `embed_as`."""
    with _fake_modules():
        return pickle.dumps(tree, protocol)


def legacy_bytes(tree: Any, protocol: int = 2) -> bytes:
    """Write as `torch.save` did before version 1.6, and still does for storages pickled one by one."""
    pickled, storages = _pickled(tree, protocol)
    system = {
        "protocol_version": 1001,
        "little_endian": True,
        "type_sizes": {"short": 2, "int": 4, "long": 4},
    }
    head = b"".join(pickle.dumps(part, protocol) for part in (MAGIC, 1001, system))
    keys = pickle.dumps([str(index) for index in range(len(storages))], protocol)
    bodies = [struct.pack("<q", storage.values.size) + storage.values.tobytes() for storage in storages]
    return head + pickled + keys + b"".join(bodies)


def zip_bytes(tree: Any, protocol: int = 2, byteorder: str = "little") -> bytes:
    """Write as `torch.save` does since version 1.6."""
    pickled, storages = _pickled(tree, protocol)
    members = {"data.pkl": pickled, "byteorder": byteorder.encode(), "version": b"3\n"}
    for index, storage in enumerate(storages):
        values = storage.values if byteorder == "little" else storage.values.byteswap()
        members[f"data/{index}"] = values.tobytes()
    return archive_bytes(members)


def archive_bytes(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Write a zip archive with one folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"archive/{name}", data)
    return file.getvalue()


def easy_dict(entries: Mapping[str, Any]) -> Any:
    """Return a `dnnlib.util.EasyDict`."""
    base = named_class("dnnlib.util", "EasyDict")
    if not issubclass(base, dict):
        base = type("EasyDict", (dict,), {"__module__": "dnnlib.util", "__qualname__": "EasyDict"})
        _fakes["dnnlib.util"].EasyDict = base  # type: ignore[attr-defined]
    return base(entries)


def module_state(**groups: Any) -> dict[str, Any]:
    """Return the `__dict__` of a `torch.nn.Module`."""
    state: dict[str, Any] = {"training": False, "_non_persistent_buffers_set": set()}
    for group in ("_parameters", "_buffers", "_backward_hooks", "_forward_hooks", "_modules"):
        state[group] = collections.OrderedDict()
    return state | groups


def persistent(class_name: str, state: dict[str, Any]) -> Call:
    """Return an object of a class made persistent by NVIDIA's decorator; its source text must not run."""
    meta = {
        "type": "class",
        "version": 6,
        "module_src": MODULE_SOURCE,
        "class_name": class_name,
        "state": state,
    }
    return Call("torch_utils.persistence", "_reconstruct_persistent_obj", easy_dict(meta))


def by_reference(module: str, name: str, state: dict[str, Any]) -> Any:
    """Return an object of an ordinary class, pickled as the class's name and the object's `__dict__`."""
    made = named_class(module, name)()
    made.__dict__.update(state)
    return made


BUFFERS = ("resample_filter", "noise_const", "w_avg", "dataset_label_std")
ORDINARY = {
    "decoder": ("training.triplane", "OSGDecoder"),
    "decoder.net": ("torch.nn.modules.container", "Sequential"),
}


def network(
    arrays: Mapping[str, np.ndarray],
    embed_as: Callable[[Any], bytes],
    attributes: Mapping[str, Any],
    prefix: str = "",
) -> Any:
    """Return a generator's tree of modules from its flat state dict, as NVIDIA's code pickles it."""
    state = module_state(**attributes)
    children: dict[str, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        head, _, rest = name.partition(".")
        if rest:
            children.setdefault(head, {})[rest] = array
        elif head in BUFFERS:
            state["_buffers"][head] = tensor_of(array, embed_as)
        else:
            state["_parameters"][head] = parameter_of(array, embed_as)
    for head, inside in children.items():
        state["_modules"][head] = network(
            inside, embed_as, {"weight_gain": np.float64(0.5)}, f"{prefix}{head}."
        )
    path = prefix.removesuffix(".")
    if not path:
        state["_modules"]["renderer"] = by_reference(
            "training.volumetric_rendering.renderer",
            "ImportanceRenderer",
            module_state(plane_axes=tensor_of(np.eye(3, dtype=np.float32), embed_as)),
        )
        return persistent("TriPlaneGenerator", state)
    if path in ORDINARY:
        if path == "decoder.net":
            activation = by_reference("torch.nn.modules.activation", "Softplus", module_state(beta=1))
            state["_modules"]["1"] = activation
        return by_reference(*ORDINARY[path], state)
    return persistent("SynthesisNetwork", state)


def generator_bytes(
    arrays: Mapping[str, np.ndarray],
    init_kwargs: Mapping[str, Any],
    *,
    key: str = "G_ema",
    protocol: int = 4,
    embed_as: Callable[[Any], bytes] = legacy_bytes,
    **attributes: Any,
) -> bytes:
    """Return a network pickle that holds one generator, as GUIDE writes it."""
    of_init = {"_init_args": (), "_init_kwargs": easy_dict(init_kwargs)}
    made = network(arrays, embed_as, of_init | attributes)
    return plain_bytes({key: made}, protocol)


def calling(module: str, name: str, argument: str, protocol: int = 2) -> bytes:
    """Return a pickle that calls `module.name(argument)` when it is loaded carelessly."""
    text = pickle.BINUNICODE + struct.pack("<I", len(argument)) + argument.encode()
    if protocol < 4:
        function = pickle.GLOBAL + f"{module}\n{name}\n".encode()
    else:
        parts = [pickle.SHORT_BINUNICODE + bytes([len(part)]) + part.encode() for part in (module, name)]
        function = b"".join(parts) + pickle.STACK_GLOBAL
    head = pickle.PROTO + bytes([protocol])
    return head + function + text + pickle.TUPLE1 + pickle.REDUCE + pickle.STOP
