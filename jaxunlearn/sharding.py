"""Which device does what: generator copies along the axis "identity", a step's pairs along "sample".

`K` copies. Copies never need each other, so nothing is exchanged along "identity"; along "sample" the devices
add up their gradients, once a step.
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
    """Equal shares of `count` pairs, for the devices along a mesh axis; inside `jax.shard_map` only.

    Shares are of one size, since all devices run one program: the last ones render some pairs for nothing
    where `count` is not a multiple of `parts`.

    Attributes:
      axis: name of the mesh axis.
      parts: devices along it.
      count: pairs, `P`.
    """

    axis: str
    parts: int
    count: int

    @property
    def size(self) -> int:
        """Pairs of a share."""
        return -(-self.count // self.parts)

    @property
    def wasted(self) -> float:
        """Share of the rendering that is for nothing, in [0, 1)."""
        return 1 - self.count / (self.size * self.parts)

    def _rows(self) -> jax.Array:
        """`[size]`, which pairs are this device's; `count` and above are nobody's."""
        return jax.lax.axis_index(self.axis) * self.size + jnp.arange(self.size)

    def take(self, tree: Pytree) -> Pytree:
        """This device's rows of arrays `[P, ...]`; what has one row for all pairs stays."""
        rows = jnp.minimum(self._rows(), self.count - 1)
        return jax.tree.map(lambda x: x[rows] if len(x) == self.count else x, tree)

    def put(self, values: jax.Array, wanted: np.ndarray) -> jax.Array:
        """This device's values `[size]` among those of all pairs, `[P]`: 0 elsewhere, and where unwanted."""
        everywhere = jnp.zeros(self.count, values.dtype).at[self._rows()].set(values, mode="drop")
        return jnp.where(wanted, everywhere, 0)

    def total(self, tree: Pytree) -> Pytree:
        """The sum over the devices."""
        return jax.lax.psum(tree, self.axis)


IDENTITY, SAMPLE = AXES = ("identity", "sample")


def make_mesh(identity: int = 0, sample: int = 1, devices: Sequence[Any] | None = None) -> Mesh:
    """A mesh with the axes `AXES`.

    Devices that follow each other in JAX's order, which are near each other, share a copy's samples.

    Args:
      identity: devices among which generator copies are divided; 0 takes as many as there are.
      sample: devices among which the pairs of a copy's step are divided.
      devices: which to use; None takes all.

    Raises:
      InputError: if there are not as many devices.
    """
    devices = list(jax.devices() if devices is None else devices)
    identity = identity or len(devices) // sample
    if identity < 1 or identity * sample > len(devices):
        raise InputError(
            f"a mesh of {max(identity, 1)} x {sample} needs {max(identity, 1) * sample} devices, "
            f"here are {len(devices)}"
        )
    return Mesh(np.array(devices[: identity * sample]).reshape(identity, sample), AXES)


def of_this_process(mesh: Mesh | None) -> Mesh | None:
    """This process's devices of a mesh, all along "sample": for work that is divided by rows."""
    return None if mesh is None else make_mesh(1, len(mesh.local_devices), mesh.local_devices)


def portion(mesh: Mesh | None, count: int) -> Portion | None:
    """A device's share of `count` pairs; None where a single device renders them all."""
    if mesh is None or mesh.shape[SAMPLE] == 1:
        return None
    return Portion(SAMPLE, mesh.shape[SAMPLE], count)


def by_identity(mesh: Mesh) -> NamedSharding:
    """Of arrays with a leading axis `K`, a multiple of the devices along "identity"."""
    return NamedSharding(mesh, PartitionSpec(IDENTITY))


def everywhere(mesh: Mesh | None) -> NamedSharding | None:
    """Of arrays that every device has; None where there is no mesh to place them on."""
    return None if mesh is None else NamedSharding(mesh, PartitionSpec())


def on_each_device(function: Callable[..., Any], mesh: Mesh) -> Callable[..., Any]:
    """`function(state, frozen, target, key)`, a step of any number of copies, on each device's own copies.

    The frozen part is the same for all, the others and the results have the leading axis `K`.
    """
    copies, same = PartitionSpec(IDENTITY), PartitionSpec()
    return jax.shard_map(
        function, mesh=mesh, in_specs=(copies, same, copies, copies), out_specs=copies, check_vma=False
    )


def over_rows(function: Callable[..., Any], mesh: Mesh, count: int) -> Callable[..., Any]:
    """`function(same, rows)` of `count` rows, divided among all devices of a mesh; results are rows, too.

    As many devices share them as divide them evenly, the others repeat what these do. Differentiable.
    """
    shares = math.gcd(count, mesh.size)
    divided = Mesh(mesh.devices.reshape(shares, -1), ("rows", "repeated"))
    same, rows = PartitionSpec(), PartitionSpec("rows")
    return jax.shard_map(function, mesh=divided, in_specs=(same, rows), out_specs=rows, check_vma=False)
