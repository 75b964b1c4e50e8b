"""The step for a TPU slice that is not here; a tiny one, since a compilation takes a minute."""

import importlib.util

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxunlearn.errors import InputError
from jaxunlearn.methods.guide import presets
from jaxunlearn.profiling.aot import cycles, topology
from jaxunlearn.profiling.aot.compilation import compile_step, too_large
from jaxunlearn.profiling.workload import Workload
from tests.support.hlo_programs import compiled_text, shortened
from tests.support.tiny_models import outline

pytestmark = [
    pytest.mark.tpu_backend,
    pytest.mark.skipif(importlib.util.find_spec("libtpu") is None, reason="libtpu is not installed"),
]


@pytest.fixture(scope="module")
def v5e():
    return compile_step(Workload.of(outline(), presets.heads()), topology.find("v5e:2x2"), (2, 2), 2)[0]


def test_nothing_along_identity_and_one_all_reduce_along_sample(v5e):
    assert [(found.kind, found.axis, found.count) for found in v5e.exchanges] == [("all-reduce", "sample", 1)]


def test_what_a_chip_needs(v5e):
    assert v5e.device_kind == "TPU v5 lite"
    assert v5e.fits
    assert v5e.available == 16e9
    assert v5e.cycles.estimated > v5e.cycles.added > 0
    parts = {part.part for part in v5e.cycles.parts if part.estimated}
    assert {"backbone", "lookup", "decoder", "compositing", "perceptual", "identity"} <= parts
    assert v5e.seconds == v5e.cycles.total / (197e12 / 2**17)


def test_the_forms_without_an_estimate_are_those_of_the_saved_text():
    """Another JAX or libtpu may write a form that nobody counts yet; then the count must learn it."""
    found = cycles.count(shortened(compiled_text()))
    assert found is not None
    kinds = {group.kind for group in found.unknown}
    assert "tpu_custom_call" in kinds
    assert kinds.isdisjoint({"sort", "gather_fusion", "scatter_custom_fusion", "fusion"})
    assert {part.part for part in found.parts if part.added} == {"lookup", "compositing"}


@pytest.mark.parametrize(
    ("name", "count", "kind"),
    [
        ("v5e:1x1", 1, "TPU v5 lite"),
        ("v5e:4x4", 16, "TPU v5 lite"),
        ("v4:2x2x1", 4, "TPU v4"),
        ("v5p:4x4x4", 64, "TPU v5"),
        ("v6e:8x8", 64, "TPU v6 lite"),
    ],
)
def test_slices(name, count, kind):
    found = topology.find(name)
    assert len(found.devices) == count
    assert found.kind == kind
    assert found.platform == "tpu"


def test_a_slice_that_cannot_be_built():
    with pytest.raises(InputError, match=r"--topology v5e:3x3: no such slice"):
        topology.find("v5e:3x3")


def test_what_the_compiler_refuses_is_understood():
    mesh = Mesh(topology.find("v5e:1x1").devices, ("one",))
    matrix = jax.ShapeDtypeStruct((40_000,) * 2, jnp.float32, sharding=NamedSharding(mesh, PartitionSpec()))

    def several(a, b):
        c, d = jnp.sin(a @ b), jnp.cos(a @ b.T)
        return jnp.sort(c @ d, axis=0) + jnp.sort(d @ c, axis=1)

    with pytest.raises(jax.errors.JaxRuntimeError) as refused:
        jax.jit(several).lower(matrix, matrix).compile()
    found = too_large(str(refused.value))
    assert found is not None
    needed, available, _ = found
    assert needed > 2 * 40_000**2 * 4
    assert 15 * 2**30 < available <= 16e9 * 1.1
