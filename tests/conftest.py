"""Options and environment shared by all tests."""

import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# What a test or a command that it starts has compiled, later ones load. Each worker for itself: JAX writes
# entries in place, where another worker might find half of one.
os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="jaxunlearn-tests-")

import jax
import pytest

from golden import PARITY

# Goldens are float32 numbers: no reduced-precision products, on any device.
jax.config.update("jax_default_matmul_precision", "highest")
# Enough devices for meshes; without a mesh everything stays on the first.
jax.config.update("jax_num_cpu_devices", 8)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--parity-table", metavar="FILE", help="append one JSON line per golden comparison")


def pytest_sessionfinish(session: pytest.Session) -> None:
    shutil.rmtree(os.environ["JAX_COMPILATION_CACHE_DIR"])
    file = session.config.getoption("--parity-table")
    if file and PARITY:
        with Path(file).open("a") as out:
            out.writelines(json.dumps(row) + "\n" for row in PARITY)
