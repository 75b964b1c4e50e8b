"""Options and environment shared by all tests."""

import json
import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Small programs that run once: compiling them well takes longer than running them badly. Where rounding
# decides, programs must be compiled as users' are: those tests are slow ones, run with XLA_FLAGS empty.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import jax
import pytest

from tests.support.golden import PARITY

# Goldens are float32 numbers: no reduced-precision products, on any device.
jax.config.update("jax_default_matmul_precision", "highest")
# Enough devices for meshes; without a mesh everything stays on the first.
jax.config.update("jax_num_cpu_devices", 8)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--parity-table", metavar="FILE", help="append one JSON line per golden comparison")


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--parity-table")
    if file and PARITY:
        with Path(file).open("a") as out:
            out.writelines(json.dumps(row) + "\n" for row in PARITY)
