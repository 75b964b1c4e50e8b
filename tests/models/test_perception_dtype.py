"""How images are compared follows the dtype of the settings; what it comes to does not."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.support.tiny_models import tiny_models

IMAGES = jax.random.uniform(jax.random.key(0), (2, 2, 32, 32, 3), minval=-1.0)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_convolutions_compute_in_the_dtype_and_distances_in_float32(dtype):
    perception = tiny_models().perception(dtype)
    for function, arguments in ((perception.perceptual, IMAGES), (perception.embed, IMAGES[:1])):
        program = str(jax.make_jaxpr(function)(*arguments))
        lines = [line for line in program.splitlines() if " conv_general_dilated[" in line]
        assert lines
        short = {"float32": ":f32[", "bfloat16": ":bf16["}[dtype]
        assert all(short in line.split("=")[0] for line in lines)
        assert function(*arguments).dtype == jnp.float32


def test_bfloat16_sees_what_float32_sees():
    models = tiny_models()
    exact, rounded = models.perception(), models.perception(jnp.bfloat16)
    np.testing.assert_allclose(rounded.perceptual(*IMAGES), exact.perceptual(*IMAGES), rtol=0.05)
    cosines = jnp.sum(rounded.embed(IMAGES[0]) * exact.embed(IMAGES[0]), axis=-1)
    np.testing.assert_array_less(0.99, cosines)


def test_two_runs_share_a_program():
    """Perceptions of one dtype have one structure, or every run would be compiled anew."""
    models = tiny_models()
    structures = [jax.tree.structure(models.perception(d)) for d in ("float32", jnp.float32, "bfloat16")]
    assert structures[0] == structures[1] != structures[2]
    assert hash(structures[0]) == hash(structures[1])
