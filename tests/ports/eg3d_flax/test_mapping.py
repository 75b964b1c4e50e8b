"""The mapping network against the official one: conditioning, truncation, running mean."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax.mapping import MappingNetwork
from eg3d_flax.torch_names import LAYOUT
from tests.support.golden import golden
from torch_bridge import from_torch, module_from_arrays, module_shapes, to_torch

pytestmark = pytest.mark.parity

CASE = golden("eg3d", "mapping")
ROWS = {"psi1.cutNone": [0], "psi0.7.cutNone": [0, 13], "psi0.7.cut7": [0, 6, 7, 13]}
ROWS |= {"psi0.7.cut14": [0, 13], "psi1.cut14": [0]}


def build(which: str, prefix: str = "") -> MappingNetwork:
    def make():
        return MappingNetwork(**CASE.entry["constructor_args"][which], rngs=nnx.Rngs(0))

    shapes = module_shapes(make)
    zeros = to_torch({name: np.zeros(shape) for name, shape in shapes.items()}, LAYOUT)
    weights = CASE.weights({name: array.shape for name, array in zeros.items()}, prefix=prefix)
    return module_from_arrays(make, from_torch(weights, shapes, LAYOUT))


@pytest.mark.parametrize("variant", ROWS)
def test_conditional_mapping_with_truncation(variant):
    psi, _, cutoff = variant.removeprefix("psi").partition(".cut")
    ws = build("conditional")(
        jnp.asarray(CASE.input("z")),
        jnp.asarray(CASE.input("c")),
        truncation_psi=float(psi),
        truncation_cutoff=None if cutoff == "None" else int(cutoff),
    )
    assert ws.shape == (2, 14, 512)
    CASE.check(f"ws.{variant}", ws[:, ROWS[variant]])


def test_unconditional_mapping():
    ws = build("unconditional", prefix="uncond.")(jnp.asarray(CASE.input("z")))
    CASE.check("ws_uncond", ws[:, 0])


def test_running_mean():
    mapping = build("conditional")
    ws = mapping(jnp.asarray(CASE.input("z")), jnp.asarray(CASE.input("c")))
    CASE.check("w_avg_after", mapping.next_w_avg(ws))


def test_a_conditional_network_asks_for_its_camera():
    with pytest.raises(ValueError, match="pass c"):
        build("conditional")(jnp.zeros((1, 512)))


@pytest.mark.parametrize(
    ("z", "c", "message"),
    [
        ((512,), (25,), r"z must be \[B, 512\], not \[512\]"),
        ((2, 25), (2, 25), r"z must be \[B, 512\], not \[2, 25\]"),
        ((2, 512), (25,), r"c must be \[2, 25\], as many as z, not \[25\]"),
        ((2, 512), (1, 25), r"c must be \[2, 25\], as many as z, not \[1, 25\]"),
    ],
)
def test_other_shapes_are_refused(z, c, message):
    """Without a batch axis the ws would be transposed."""
    with pytest.raises(ValueError, match=f"^{message}$"):
        build("conditional")(jnp.zeros(z), jnp.zeros(c))


def test_truncation_may_be_traced_and_differ_from_row_to_row():
    mapping, z, c = build("conditional"), jnp.asarray(CASE.input("z")), jnp.asarray(CASE.input("c"))
    expected = mapping(z, c, truncation_psi=0.5)
    traced = jax.jit(lambda psi: mapping(z, c, truncation_psi=psi))(0.5)
    np.testing.assert_allclose(traced, expected, atol=1e-5)
    rows = mapping(z, c, truncation_psi=jnp.array([0.5, 0.7])[:, None, None])
    np.testing.assert_allclose(rows[0], expected[0], atol=1e-5)
