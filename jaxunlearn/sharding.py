"""Divide work among devices: generator copies along "identity", a step's pairs along "sample".

`K` copies. Copies are independent, so devices exchange nothing along "identity". Along "sample" they add up
their gradients once per step.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxunlearn.errors import InputError

Pytree = Any


@dataclasses.dataclass(frozen=True)
class Portion:
    """Equal shares of `count` pairs for the devices along a mesh axis; used inside `jax.shard_map` only.

    All shares have the same size because all devices run the same program. If `count` is not a multiple of
    `parts`, the last devices render pairs that are not needed.

    Attributes:
      axis: name of the mesh axis.
      parts: number of devices along that axis.
      count: number of pairs, `P`.
    """

    axis: str
    parts: int
    count: int

    @property
    def size(self) -> int:
        """Number of pairs in a share."""
        return -(-self.count // self.parts)

    @property
    def wasted(self) -> float:
        """Fraction of the rendered pairs that are not needed, in [0, 1)."""
        return 1 - self.count / (self.size * self.parts)

    def _rows(self) -> jax.Array:
        """Return the numbers of this device's pairs, `[size]`; numbers from `count` on are padding."""
        return jax.lax.axis_index(self.axis) * self.size + jnp.arange(self.size)

    def take(self, tree: Pytree) -> Pytree:
        """Return this device's rows of arrays `[P, ...]`; an array with one row stays as it is."""
        rows = jnp.minimum(self._rows(), self.count - 1)
        return jax.tree.map(lambda x: x[rows] if len(x) == self.count else x, tree)

    def put(self, values: jax.Array, wanted: np.ndarray) -> jax.Array:
        """Place this device's values `[size]` among those of all pairs, `[P]`.

        Args:
          values: `[size]`, one value per pair of this device.
          wanted: `[P]` booleans; the value of a pair that is not wanted becomes 0.

        Returns:
          `[P]`, 0 for the pairs of other devices.
        """
        everywhere = jnp.zeros(self.count, values.dtype).at[self._rows()].set(values, mode="drop")
        return jnp.where(wanted, everywhere, 0)

    def total(self, tree: Pytree) -> Pytree:
        """Return the sum over the devices of this axis."""
        return jax.lax.psum(tree, self.axis)


IDENTITY, SAMPLE = AXES = ("identity", "sample")


def make_mesh(identity: int = 0, sample: int = 1, devices: Sequence[Any] | None = None) -> Mesh:
    """Build a device mesh with the axes `AXES`.

    Devices that follow each other in JAX's order are near each other, so these share the pairs of a copy.

    Args:
      identity: devices among which generator copies are divided; 0 uses as many as there are.
      sample: devices among which the pairs of a copy's step are divided.
      devices: the devices to use; None uses all.

    Raises:
      InputError: if a number is too small, or there are not enough devices.
    """
    if identity < 0 or sample < 1:
        raise InputError(
            f"a mesh of {identity} x {sample}: identity must be at least 0, for as many as there are, and "
            "sample at least 1"
        )
    devices = list(jax.devices() if devices is None else devices)
    identity = identity or len(devices) // sample
    if identity < 1 or identity * sample > len(devices):
        raise InputError(
            f"a mesh of {max(identity, 1)} x {sample} needs {max(identity, 1) * sample} devices, "
            f"but this machine has {len(devices)}"
        )
    return Mesh(np.array(devices[: identity * sample]).reshape(identity, sample), AXES)


def local_mesh(mesh: Mesh | None) -> Mesh | None:
    """Return a mesh of this process's devices, all along "sample", for work that is divided by rows."""
    return None if mesh is None else make_mesh(1, len(mesh.local_devices), mesh.local_devices)


def portion(mesh: Mesh | None, count: int) -> Portion | None:
    """Return the shares of `count` pairs; None if a single device renders them all."""
    if mesh is None or mesh.shape[SAMPLE] == 1:
        return None
    return Portion(SAMPLE, mesh.shape[SAMPLE], count)


def by_identity(mesh: Mesh) -> NamedSharding:
    """Return the sharding of arrays `[K, ...]`; `K` is a multiple of the devices along "identity"."""
    return NamedSharding(mesh, PartitionSpec(IDENTITY))


def everywhere(mesh: Mesh | None) -> NamedSharding | None:
    """Return the sharding of arrays that every device holds; None without a mesh."""
    return None if mesh is None else NamedSharding(mesh, PartitionSpec())


def on_each_device(function: Callable[..., Any], mesh: Mesh) -> Callable[..., Any]:
    """Run a step on each device's own copies.

    Args:
      function: `function(state, frozen, target, key)`, a step of any number of copies. `frozen` is the same
        for all devices; the other arguments and the results have a leading axis `K`.
      mesh: of `make_mesh`.
    """
    copies, same = PartitionSpec(IDENTITY), PartitionSpec()
    return jax.shard_map(
        function, mesh=mesh, in_specs=(copies, same, copies, copies), out_specs=copies, check_vma=False
    )


def over_rows(function: Callable[..., Any], mesh: Mesh, count: int) -> Callable[..., Any]:
    """Divide the rows of a function among all devices of a mesh; differentiable.

    Args:
      function: `function(same, rows)`; all devices get `same`; `rows` and the results are `[N, ...]`.
      mesh: its devices. The rows are shared by the largest number of devices that divides them evenly; the
        other devices repeat that work.
      count: number of rows, `N`.
    """
    shares = math.gcd(count, mesh.size)
    divided = Mesh(mesh.devices.reshape(shares, -1), ("rows", "repeated"))
    same, rows = PartitionSpec(), PartitionSpec("rows")
    return jax.shard_map(function, mesh=divided, in_specs=(same, rows), out_specs=rows, check_vma=False)
