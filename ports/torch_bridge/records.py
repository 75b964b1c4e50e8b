"""Plain data and inert records that a pickle is read into.

A pickle is a program that builds objects by calling functions. We execute the program without these calls:
instead of an instance of a class, an `Instance` records the name of the class and its arguments.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from torch_bridge.errors import CheckpointError

COUNT_LIMIT = 2**48
"""Limit of counts, offsets and strides; below it, products of two are exact and printable."""

EXPANDED_LIMIT = 2**24
"""Elements that a tensor may have beyond its storage's; a stride of 0 repeats elements without memory."""


@dataclasses.dataclass(frozen=True)
class Global:
    """The name of a class or function in a pickle."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclasses.dataclass(eq=False, repr=False)
class Instance:
    """Stands for an instance of a class.

    Attributes:
      class_name: name of the class, with its module if the pickle gives it.
      args: arguments of the constructor.
      state: the instance's `__dict__`, or the argument of its `__setstate__`.
      entries: items that the pickle sets by key.
      elements: items that the pickle appends or adds.
    """

    class_name: str
    args: tuple[Any, ...] = ()
    state: Any = None
    entries: dict[Any, Any] = dataclasses.field(default_factory=dict)
    elements: list[Any] = dataclasses.field(default_factory=list)

    def build(self, state: Any) -> None:
        """Record the state."""
        self.state = state

    def attribute(self, name: str) -> Any:
        """Return an attribute of the instance; None if it has no such attribute."""
        return self.state.get(name) if isinstance(self.state, dict) else None


@dataclasses.dataclass(eq=False, repr=False)
class Storage:
    """A one-dimensional array of numbers; tensors are views of it.

    Attributes:
      dtype: of the elements; None for an untyped storage, which counts bytes.
      count: number of elements.
      data: the little-endian bytes; None until they are read, since legacy files have them after the pickle.
    """

    dtype: np.dtype | None
    count: int
    data: bytes | None = None

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return 1 if self.dtype is None else self.dtype.itemsize

    def fill(self, data: bytes, little_endian: bool = True) -> None:
        """Set the bytes.

        Raises:
          CheckpointError: if their number differs from the number declared in the pickle.
        """
        expected = self.count * self.itemsize
        if len(data) != expected:
            raise CheckpointError(f"a storage holds {len(data)} bytes where {expected} were declared")
        if not little_endian and self.itemsize > 1:
            data = np.frombuffer(data, f">u{self.itemsize}").astype(f"<u{self.itemsize}").tobytes()
        self.data = data


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Tensor:
    """A strided view of a storage; offset and strides are in elements of `dtype`.

    Raises:
      CheckpointError: if the view reaches beyond its storage.
    """

    storage: Storage
    dtype: np.dtype
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self):
        numbers = (self.offset, *self.shape, *self.strides)
        if not all(type(n) is int and 0 <= n <= COUNT_LIMIT for n in numbers):
            raise CheckpointError("a tensor has a malformed offset, shape or stride")
        if len(self.shape) != len(self.strides) or len(self.shape) > 32:
            raise CheckpointError("a tensor has a malformed number of dimensions")
        available = self.storage.count * self.storage.itemsize // self.dtype.itemsize
        size = math.prod(self.shape)
        if math.prod(n for n in self.shape if n) > COUNT_LIMIT:
            raise CheckpointError("a tensor has a malformed shape")
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if size and last >= available:
            raise CheckpointError(
                f"a tensor of shape {self.shape} reaches element {last} of a storage of {available} elements"
            )
        if size > available + EXPANDED_LIMIT:
            raise CheckpointError(f"a tensor of shape {self.shape} is declared on {available} elements")

    def array(self) -> np.ndarray:
        """Return the numbers as a read-only view of the storage.

        Raises:
          CheckpointError: if the file does not contain the storage.
        """
        if self.storage.data is None:
            raise CheckpointError("a storage that a tensor needs is missing")
        if 0 in self.shape:
            return np.zeros(self.shape, self.dtype)
        available = len(self.storage.data) // self.dtype.itemsize
        flat = np.frombuffer(self.storage.data, self.dtype, count=available)
        strides = [stride * self.dtype.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides, writeable=False)
