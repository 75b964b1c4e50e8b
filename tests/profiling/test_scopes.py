"""Parts by the names of operations; those of a whole step are in test_aot.py."""

import re

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from jaxunlearn.methods import ewc
from jaxunlearn.profiling.scopes import OTHER, direction_of, part_of


def parts_in(names: list[str]) -> set[tuple[str, str]]:
    return {(part_of(name), direction_of(name)) for name in names}


def test_superresolution_and_the_penalty_are_named_in_both_directions():
    """The tiny step has neither of them."""
    config = GeneratorConfig.small()
    generator = nnx.eval_shape(lambda: TriPlaneGenerator(config, rngs=nnx.Rngs(0)))
    graph, weights = nnx.split(generator)
    side, channels = config.neural_rendering_resolution, config.decoder_output_dim
    features = jax.ShapeDtypeStruct((1, side, side, channels), jnp.float32)
    ws = jax.ShapeDtypeStruct((1, config.num_ws, config.w_dim), jnp.float32)

    def loss(features, ws, weights, weight):
        network = nnx.merge(graph, weights).superresolution
        assert network is not None
        image = network(features[..., :3], features, ws, compute=Compute())
        return jnp.sum(image) + ewc.penalty(features, ewc.Memory(features, features, weight))

    weight = jax.ShapeDtypeStruct((), jnp.float32)
    lowered = jax.jit(jax.grad(loss)).lower(features, ws, weights, weight)
    found = parts_in(re.findall(r'"(jit\(loss\)[^"]*)"', lowered.as_text(debug_info=True)))
    assert {
        ("superresolution", "forward"),
        ("superresolution", "backward"),
        ("ewc", "backward"),
    } <= found


@pytest.mark.parametrize(
    ("name", "part", "direction"),
    [
        (
            "jit(step)/transpose(jvp(rays))/while/body/closed_call/lookup/vmap(vmap())/add",
            "lookup",
            "backward",
        ),
        ("jit(step)/transpose(jvp(rays))/while/body/add_any", "rays", "backward"),
        (
            "jit(step)/transpose(jvp(rays))/checkpoint/rematted_computation/decoder/dot",
            "decoder",
            "recomputed",
        ),
        ("jit(step)/vmap(jvp(perceptual))/relu;jit(step)/identity", "perceptual", "forward"),
        ("jit(step)/jvp(jit(identity))/add", OTHER, "forward"),
        ("", OTHER, "forward"),
    ],
)
def test_the_innermost_scope_counts(name, part, direction):
    assert (part_of(name), direction_of(name)) == (part, direction)
