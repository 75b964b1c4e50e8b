"""Facts about devices: chips' peak performance, formats of matrix products, the name of this CPU."""

import dataclasses
import platform
from collections.abc import Mapping
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Chip:
    """Peak performance of a chip.

    Attributes:
      name: common name.
      flops: operations per second of dense bfloat16 matrix products.
      memory: bytes of high-bandwidth memory.
      bandwidth: bytes per second of that memory.
      flops_per_cycle: operations of these products in one cycle; None if the compiler counts no cycles.
    """

    name: str
    flops: float
    memory: float
    bandwidth: float
    flops_per_cycle: int | None = None

    @property
    def clock(self) -> float | None:
        """Cycles per second, which no maker states: peak divided by operations of a cycle."""
        return None if self.flops_per_cycle is None else self.flops / self.flops_per_cycle


def _matrix_units(count: int, side: int) -> int:
    """Return the operations in a cycle of square units: each multiplies and adds in every place."""
    return count * side**2 * 2


CHIPS: Mapping[str, Chip] = {
    "h100": Chip("H100 SXM", 989e12, 80e9, 3.35e12),
    "h200": Chip("H200 SXM", 989e12, 141e9, 4.8e12),
    "v4": Chip("TPU v4", 275e12, 32e9, 1.23e12, _matrix_units(8, 128)),
    "v5e": Chip("TPU v5e", 197e12, 16e9, 0.82e12, _matrix_units(4, 128)),
    "v5p": Chip("TPU v5p", 459e12, 95e9, 2.77e12, _matrix_units(8, 128)),
    "v6e": Chip("TPU v6e", 918e12, 32e9, 1.64e12, _matrix_units(4, 256)),
}
"""Short name → chip.

Matrix units are those of Google's pages: four in each core, two cores in a v4 and a v5p, one in a v5e. A
v6e has two, but the compiler counts as if it had four. For a product of 4,096² matrices, libtpu 0.0.42.1
estimates 230,384 operations a cycle on a v4, 126,898 on a v5e, 252,216 on a v5p and 455,675 on a v6e. The
clocks that follow are 1.049, 1.503, 1.751 and 1.751 GHz.
"""

_KINDS = {
    "NVIDIA H100 80GB HBM3": "h100",
    "NVIDIA H200": "h200",
    "TPU v4": "v4",
    "TPU v5 lite": "v5e",
    "TPU v5e": "v5e",
    "TPU v5": "v5p",
    "TPU v5p": "v5p",
    "TPU v6 lite": "v6e",
    "TPU v6e": "v6e",
}


def chip(device_kind: str) -> Chip | None:
    """Return the chip of a JAX `device_kind`; None if it is not listed here."""
    name = _KINDS.get(device_kind)
    return None if name is None else CHIPS[name]


PRECISIONS = ("default", "high", "highest")
"""Precisions of float32 matrix products, for `jax.default_matmul_precision`."""


def products(platform: str, dtype: str, precision: str) -> str:
    """Return the number format in which products are computed; "default" differs between platforms.

    Args:
      platform: as returned by `jax.default_backend()`.
      dtype: of the activations.
      precision: one of `PRECISIONS`.
    """
    if dtype == "bfloat16":
        return "bfloat16"
    if platform == "cpu" or precision == "highest":
        return "float32"
    if platform == "tpu":
        return {"default": "bfloat16", "high": "3 x bfloat16"}[precision]
    return "tensorfloat32"


def processor() -> str:
    """Return the number and name of this machine's CPUs."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()
