"""Options and environment shared by all tests."""

import atexit
import json
import os
import shutil
import tempfile
from pathlib import Path

from jaxunlearn.process import cpu_compiler

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Small programs that run once: compiling them well takes longer than running them badly. Where rounding
# decides, programs must be compiled as users' are: those tests are marked, see `make test-must`.
os.environ["XLA_FLAGS"] = cpu_compiler.flags_here(
    os.environ.get("XLA_FLAGS", "--xla_backend_optimization_level=0")
)
# What one test compiled, later ones find here, as do the other workers and the programs that tests start.
# With a largest size, JAX locks the folder, so that nobody reads a file that is half written.
if "PYTEST_XDIST_WORKER" not in os.environ:
    compiled = tempfile.mkdtemp(prefix="jaxunlearn-tests-")
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = compiled
    os.environ["JAX_COMPILATION_CACHE_MAX_SIZE"] = str(2**31)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.5"

import hypothesis
import jax
import pytest

from tests.support.golden import PARITY

# Goldens are float32 numbers: no reduced-precision products, on any device.
jax.config.update("jax_default_matmul_precision", "highest")
# The same examples in every run; `--hypothesis-profile default` draws others.
hypothesis.settings.load_profile("ci")
# Enough devices for meshes; without a mesh everything stays on the first.
jax.config.update("jax_num_cpu_devices", 8)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--parity-table", metavar="FILE", help="append one JSON line per golden comparison")


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--parity-table")
    if file and PARITY:
        with Path(file).open("a") as out:
            out.writelines(json.dumps(row) + "\n" for row in PARITY)
