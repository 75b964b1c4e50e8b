"""What a pickle is read into: plain data and records that do nothing.

A pickle is a program that builds objects by calling functions. We follow the program but call nothing: where
it would make an instance of a class, an `Instance` notes the name of the class and what it was given.
"""

import dataclasses
import math
from typing import Any, Protocol

import numpy as np

from torch_bridge.errors import CheckpointError

COUNT_LIMIT = 2**48
"""Larger counts, offsets and strides are nonsense; below it, products of two stay exact and printable."""

EXPANDED_LIMIT = 2**24
"""Elements a tensor may have beyond those of its storage (a stride of 0 repeats them for free)."""


@dataclasses.dataclass(frozen=True)
class Global:
    """A class or function that a pickle refers to, by name only."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclasses.dataclass(eq=False, repr=False)
class Instance:
    """Stands for an instance of a class.

    Attributes:
      class_name: name of the class, with its module where the pickle gives one.
      args: what the constructor was called with.
      state: what would have become its `__dict__`, or the argument of its `__setstate__`.
      entries: what would have been set by key.
      elements: what would have been appended or added.
    """

    class_name: str
    args: tuple[Any, ...] = ()
    state: Any = None
    entries: dict[Any, Any] = dataclasses.field(default_factory=dict)
    elements: list[Any] = dataclasses.field(default_factory=list)

    def build(self, state: Any) -> None:
        """Note the state."""
        self.state = state

    def attribute(self, name: str) -> Any:
        """An attribute that the object would have had, or None."""
        return self.state.get(name) if isinstance(self.state, dict) else None


@dataclasses.dataclass(eq=False, repr=False)
class Storage:
    """A one-dimensional run of numbers that tensors look into.

    Attributes:
      dtype: of its elements; None for an untyped storage, which counts bytes.
      count: number of elements.
      data: the little-endian bytes; legacy files deliver them after the pickle, so None at first.
    """

    dtype: np.dtype | None
    count: int
    data: bytes | None = None

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return 1 if self.dtype is None else self.dtype.itemsize

    def fill(self, data: bytes, little_endian: bool = True) -> None:
        """Deliver the bytes.

        Raises:
          CheckpointError: if their number is not what the pickle declared.
        """
        expected = self.count * self.itemsize
        if len(data) != expected:
            raise CheckpointError(f"a storage holds {len(data)} bytes where {expected} were declared")
        if not little_endian and self.itemsize > 1:
            data = np.frombuffer(data, f">u{self.itemsize}").astype(f"<u{self.itemsize}").tobytes()
        self.data = data


class HasArray(Protocol):
    """A leaf of a tree that holds numbers."""

    def array(self) -> np.ndarray:
        """The numbers."""
        ...


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Tensor:
    """A strided view of a storage. Offset and strides are in elements of `dtype`.

    Raises:
      CheckpointError: if the view reaches outside its storage.
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
        """The numbers, as a read-only view of the storage.

        Raises:
          CheckpointError: if the file did not contain the storage.
        """
        if self.storage.data is None:
            raise CheckpointError("a storage that a tensor needs is missing")
        if 0 in self.shape:
            return np.zeros(self.shape, self.dtype)
        available = len(self.storage.data) // self.dtype.itemsize
        flat = np.frombuffer(self.storage.data, self.dtype, count=available)
        strides = [stride * self.dtype.itemsize for stride in self.strides]
        return np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, strides, writeable=False)
