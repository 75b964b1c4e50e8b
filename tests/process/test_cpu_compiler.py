"""The flag for XLA's compiler for CPUs is set where it is known, and nobody's own choice is changed."""

import subprocess
import sys

import pytest

from jaxunlearn.process import cpu_compiler
from tests.support.programs import environment


@pytest.mark.parametrize("version", ["0.10.2", "0.11.0"])
def test_it_is_added(version):
    added = "--xla_cpu_use_fusion_emitters=false"
    assert cpu_compiler.flags("", version) == added
    assert cpu_compiler.flags("--xla_dump_to=x", version) == f"--xla_dump_to=x {added}"


@pytest.mark.parametrize(
    ("given", "version"),
    [("--xla_cpu_use_fusion_emitters=true", "0.10.2"), ("", "0.12.0"), ("--xla_dump_to=x", "0.1.0")],
)
def test_it_is_not_added(given, version):
    assert cpu_compiler.flags(given, version) == given


def test_it_is_not_added_beside_the_compiler_for_tpus():
    assert cpu_compiler.flags("", "0.10.2", tpu=True) == ""


def test_xla_knows_the_flag():
    """XLA ends a process that sets a flag that it does not know."""
    program = (
        "from jaxunlearn.process import cpu_compiler; cpu_compiler.choose(); import os, jax; "
        "print(jax.numpy.ones(2).sum(), os.environ['XLA_FLAGS'])"
    )
    variables = {name: value for name, value in environment().items() if name != "XLA_FLAGS"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=variables)
    assert (done.returncode, done.stdout.split()[0]) == (0, "2.0"), done.stderr
