"""Execute the instructions of a pickle without calling what it names.

`pickle.Unpickler` calls what the file names. Even with a restricted `find_class`, a file can make its C code
allocate any amount of memory or overflow the stack. Here, the standard library's `pickletools` decodes the
instructions, and our own stack machine executes them. It only calls the builders of the caller, which make
plain data (see `records`).
"""

import pickletools
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from torch_bridge.errors import CheckpointError, printable
from torch_bridge.records import Global, Instance

INSTRUCTION_LIMIT = 5_000_000
"""Far above any network's checkpoint; limits the time and memory that a small file can cost."""

Builder = Callable[[tuple[Any, ...]], Any]
"""Makes plain data from the arguments of a function or class in the pickle."""


class Source(Protocol):
    """A file opened for reading, an `mmap`, or a `BytesIO`; at the end of the data, `read` returns less."""

    def read(self, n: int, /) -> bytes: ...
    def readline(self) -> bytes: ...
    def tell(self) -> int: ...


def load(
    source: Source,
    builder_of: Callable[[Global], Builder],
    persistent_load: Callable[[Any], Any] | None = None,
) -> Any:
    """Read one pickle from the current position of `source`, which is behind the pickle afterwards.

    Args:
      source: the data.
      builder_of: returns the builder of a class or function that the pickle names; raises `CheckpointError`
        if it is not allowed. It is called for every name, even if the pickle does not use the name.
      persistent_load: returns the object of a persistent id.

    Raises:
      CheckpointError: if the data are malformed or cut short, or name something that is not allowed.
    """
    machine = _Machine(builder_of, persistent_load)
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(source)):  # type: ignore[arg-type]
            if count >= INSTRUCTION_LIMIT:
                raise CheckpointError(f"its pickle has more than {INSTRUCTION_LIMIT} instructions")
            machine.execute(opcode.name, argument)
    except CheckpointError:
        raise
    except (ValueError, OverflowError) as error:  # raised by genops; builders raise CheckpointError
        raise CheckpointError(f"not a readable pickle, or cut short ({printable(str(error))})") from error
    return machine.result


# fmt: off
_LITERALS = frozenset({
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4",
    "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
})
# fmt: on
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_KEY_TYPES = (str, int, float, bytes, type(None))


def _malformed() -> NoReturn:
    raise CheckpointError("its pickle is malformed")


def _checked_key(key: Any) -> Any:
    """Return a scalar or flat tuple; refuse other keys: hashing deeply nested tuples overflows the stack."""
    if isinstance(key, _KEY_TYPES) or (
        isinstance(key, tuple) and all(isinstance(item, _KEY_TYPES) for item in key)
    ):
        return key
    raise CheckpointError(f"its pickle uses a {type(key).__name__} as a key")


class _Machine:
    """Stack, marks and memo while a pickle is read."""

    def __init__(self, builder_of: Callable[[Global], Builder], persistent_load: Callable[[Any], Any] | None):
        self._builder_of = builder_of
        self._persistent_load = persistent_load
        self._stack: list[Any] = []
        self._marked: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self.result: Any = None

    def execute(self, name: str, argument: Any) -> None:
        """Execute one instruction, named as in `pickletools`."""
        if name in _LITERALS:
            self._push(argument)
        elif name in _CONSTANTS:
            self._push(_CONSTANTS[name])
        elif name == "STOP":
            self.result = self._pop()
        elif name not in ("PROTO", "FRAME"):
            method = getattr(self, "_do_" + name.lower(), None)
            if method is None:
                raise CheckpointError(f"its pickle uses the instruction {name}, which no checkpoint needs")
            method(argument)

    # The stack.

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        return self._stack.pop() if self._stack else _malformed()

    def _top(self) -> Any:
        return self._stack[-1] if self._stack else _malformed()

    def _pop_to_mark(self) -> list[Any]:
        if not self._marked:
            _malformed()
        values, self._stack = self._stack, self._marked.pop()
        return values

    def _do_mark(self, _: None) -> None:
        self._marked.append(self._stack)
        self._stack = []

    def _do_pop(self, _: None) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_to_mark()

    def _do_pop_mark(self, _: None) -> None:
        self._pop_to_mark()

    def _do_dup(self, _: None) -> None:
        self._push(self._top())

    # The memo.

    def _do_put(self, index: int) -> None:
        self._memo[index] = self._top()

    _do_binput = _do_long_binput = _do_put

    def _do_memoize(self, _: None) -> None:
        self._memo[len(self._memo)] = self._top()

    def _do_get(self, index: int) -> None:
        self._push(self._memo[index] if index in self._memo else _malformed())

    _do_binget = _do_long_binget = _do_get

    # Containers.

    def _do_empty_list(self, _: None) -> None:
        self._push([])

    def _do_empty_dict(self, _: None) -> None:
        self._push({})

    def _do_empty_set(self, _: None) -> None:
        self._push(set())

    def _do_list(self, _: None) -> None:
        self._push(self._pop_to_mark())

    def _do_tuple(self, _: None) -> None:
        self._push(tuple(self._pop_to_mark()))

    def _do_tuple1(self, _: None) -> None:
        self._push((self._pop(),))

    def _do_tuple2(self, _: None) -> None:
        second, first = self._pop(), self._pop()
        self._push((first, second))

    def _do_tuple3(self, _: None) -> None:
        third, second, first = self._pop(), self._pop(), self._pop()
        self._push((first, second, third))

    def _do_dict(self, _: None) -> None:
        values = self._pop_to_mark()
        self._push({})
        self._set_items(values)

    def _do_frozenset(self, _: None) -> None:
        self._push(frozenset(_checked_key(value) for value in self._pop_to_mark()))

    def _do_append(self, _: None) -> None:
        value = self._pop()
        self._extend([value])

    def _do_appends(self, _: None) -> None:
        values = self._pop_to_mark()
        self._extend(values)

    def _do_additems(self, _: None) -> None:
        values = self._pop_to_mark()
        target = self._top()
        if isinstance(target, set):
            target.update(_checked_key(value) for value in values)
        else:
            self._extend(values)

    def _do_setitem(self, _: None) -> None:
        value, key = self._pop(), self._pop()
        self._set_items([key, value])

    def _do_setitems(self, _: None) -> None:
        values = self._pop_to_mark()
        self._set_items(values)

    def _extend(self, values: list[Any]) -> None:
        target = self._top()
        elements = target.elements if isinstance(target, Instance) else target
        if not isinstance(elements, list):
            _malformed()
        elements.extend(values)

    def _set_items(self, values: list[Any]) -> None:
        target = self._top()
        entries = target.entries if isinstance(target, Instance) else target
        if not isinstance(entries, dict) or len(values) % 2:
            _malformed()
        for key, value in zip(values[::2], values[1::2], strict=True):
            entries[_checked_key(key)] = value

    # Globals, and the instructions that call them in a real unpickler.

    def _push_global(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            _malformed()
        named = Global(module, name)
        self._builder_of(named)  # refuses what is not allowed, even if it is never called
        self._push(named)

    def _do_global(self, module_and_name: str) -> None:
        module, _, name = module_and_name.partition(" ")
        self._push_global(module, name)

    def _do_stack_global(self, _: None) -> None:
        name, module = self._pop(), self._pop()
        self._push_global(module, name)

    def _call(self, function: Any, args: Any, kwargs: Any = None) -> None:
        if not isinstance(function, Global) or not isinstance(args, tuple):
            raise CheckpointError("its pickle calls something that is not a named class or function")
        if kwargs:
            raise CheckpointError(f"its pickle calls {printable(str(function))} with keyword arguments")
        self._push(self._builder_of(function)(args))

    def _do_reduce(self, _: None) -> None:
        args, function = self._pop(), self._pop()
        self._call(function, args)

    _do_newobj = _do_reduce

    def _do_newobj_ex(self, _: None) -> None:
        kwargs, args, function = self._pop(), self._pop(), self._pop()
        self._call(function, args, kwargs)

    def _do_inst(self, module_and_name: str) -> None:
        args = tuple(self._pop_to_mark())
        self._do_global(module_and_name)
        self._call(self._pop(), args)

    def _do_obj(self, _: None) -> None:
        values = self._pop_to_mark()
        self._call(values[0] if values else None, tuple(values[1:]))

    def _do_build(self, _: None) -> None:
        state, target = self._pop(), self._top()
        if hasattr(target, "build"):
            target.build(state)
        elif not isinstance(target, dict):  # attributes of a dict, such as torch's `_metadata`, are ignored
            _malformed()

    # Persistent ids.

    def _do_persid(self, identifier: Any) -> None:
        if self._persistent_load is None:
            raise CheckpointError("its pickle refers to data outside of it")
        self._push(self._persistent_load(identifier))

    def _do_binpersid(self, _: None) -> None:
        self._do_persid(self._pop())
