"""Parts of a step by the names of its operations."""

import re

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from jaxunlearn.methods import ewc
from jaxunlearn.methods.guide import presets
from jaxunlearn.profiling.aot import topology
from jaxunlearn.profiling.aot.compilation import compile_step
from jaxunlearn.profiling.scopes import OTHER, SCOPES, direction_of, part_of
from jaxunlearn.profiling.workload import Workload
from tests.support.tiny_models import outline


def parts_in(names: list[str]) -> set[tuple[str, str]]:
    return {(part_of(name), direction_of(name)) for name in names}


@pytest.fixture(scope="module")
def step():
    """Part and direction of all operations of a tiny step, which renders chunks of rays."""
    config = presets.heads()
    config.rendering.ray_chunk = 64
    workload = Workload.of(outline(), config)
    _, executable = compile_step(workload, topology.find("here"), (1, 1), 1)
    return parts_in(re.findall(r'op_name="(jit[^"]*)"', executable.as_text()))


@pytest.mark.parametrize(
    "part", ["backbone", "rays", "lookup", "decoder", "compositing", "planes", "perceptual", "identity"]
)
def test_a_part_is_named_in_both_directions(step, part):
    assert {(part, "forward"), (part, "backward")} <= step


def test_parts_without_a_gradient_and_parts_computed_again(step):
    forward = {("draw", "forward"), ("mapping", "forward"), ("depths", "forward"), ("optimiser", "forward")}
    assert forward <= step
    assert {(part, "recomputed") for part in ("lookup", "decoder", "compositing")} <= step
    assert {part for part, _ in step} <= {*SCOPES, OTHER}


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
