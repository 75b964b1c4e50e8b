"""Have XLA compile for CPUs without its newer fusion emitters, before JAX starts.

With them, XLA compiles each fused operation through MLIR. Without them, this project's programs compile
faster, use less memory and run no slower: `benchmarks/cpu_compiler.md`. GPUs ignore the flag. TPUs have an
XLA of their own, which may not know it, so nothing is set where that is installed.
"""

import importlib.util
import os

from jaxlib import version as jaxlib_version  # importlib.metadata takes a tenth of a second to find it

VARIABLE = "XLA_FLAGS"
FLAG = "--xla_cpu_use_fusion_emitters"
"""Whoever sets this flag, to whatever value, keeps it."""

_VERSIONS = ("0.10.", "0.11.")
"""Versions of jaxlib that know the flag: XLA ends the process over a flag that it does not know."""


def flags(given: str, version: str, *, tpu: bool = False) -> str:
    """Return the flags for XLA.

    Args:
      given: those of the environment.
      version: of jaxlib.
      tpu: whether the XLA of TPUs is installed.
    """
    if tpu or FLAG in given or not version.startswith(_VERSIONS):
        return given
    return f"{given} {FLAG}=false".strip()


def flags_here(given: str) -> str:
    """Return `flags` for what is installed."""
    return flags(given, jaxlib_version.__version__, tpu=importlib.util.find_spec("libtpu") is not None)


def choose() -> None:
    """Set the flag in the environment of this process; call it before JAX is imported."""
    os.environ[VARIABLE] = flags_here(os.environ.get(VARIABLE, ""))
