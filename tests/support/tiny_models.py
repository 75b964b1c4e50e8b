"""Models small enough for whole runs in tests: drawn weights, 16² images."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import lpips_flax
from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import GeneratorConfig, TriPlaneGenerator, account, from_torch
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.identity import identity_network
from jaxunlearn.models.loading import Models
from legato_flax import Adapters
from tests.support.drawn import drawn_module
from tests.support.golden import eg3d_lr_multiplier, eg3d_weight

CONFIG = dataclasses.replace(
    GeneratorConfig.small(),
    superresolution_module="none",
    img_resolution=32,
    neural_rendering_resolution=32,
    plane_resolution=8,
    depth_resolution=4,
    depth_resolution_importance=0,
)
_IDENTITY = ArcFaceConfig(
    units=(1, 1), channels=(4, 8), stem_channels=4, squeeze_excite=False, input_size=16, embedding_size=8
)


def drawn_generator(config: GeneratorConfig = CONFIG) -> TriPlaneGenerator:
    """Return a generator with drawn weights."""
    shapes = {row.name: row.target_shape for row in account({}, config)}
    weights = {
        n: eg3d_weight(n, shape, 3, eg3d_lr_multiplier(n)) for n, shape in shapes.items() if shape is not None
    }
    return from_torch(weights, config)


@functools.cache
def tiny_models() -> Models:
    """Build a generator with AlexNet and two small identity networks."""

    def network(seed: int, name: str):
        module = drawn_module(lambda: ArcFace(_IDENTITY, rngs=nnx.Rngs(0)), seed)
        return identity_network(module, name=name, threshold=0.5, framing="whole")

    return Models(
        "tiny",
        drawn_generator(),
        lpips_flax.load("alex"),
        "LPIPS AlexNet",
        network(0, "loss"),
        network(1, "judge"),
    )


def outline() -> Models:
    """Return `tiny_models` with shapes in place of the generator's weights."""
    models = tiny_models()
    return dataclasses.replace(models, generator=nnx.eval_shape(lambda: models.generator))


def tiny_people(count: int) -> np.ndarray:
    """Return latents of `K` people, `[K, L, D]`."""
    rng = np.random.default_rng(5)
    z = rng.normal(size=(count, CONFIG.z_dim)).astype(np.float32)
    return np.asarray(tiny_models().generator.mapping(jnp.asarray(z), jnp.zeros((count, 25))))


def numbers(generator: Generator | Adapters) -> dict[str, Any]:
    """Return all weights as a tree of arrays, by the names of the layers."""
    return jax.tree.map(np.asarray, nnx.to_pure_dict(nnx.state(generator)))


def tiny_unlearned() -> Generator:
    """Return the tiny generator with other weights, as after unlearning."""
    graph, state = nnx.split(tiny_models().generator)
    moved = jax.tree.map(
        lambda x: jnp.asarray(x + 0.3 * np.sin(np.arange(x.size, dtype=np.float32)).reshape(x.shape)),
        jax.tree.map(np.asarray, state),
    )
    return nnx.merge(graph, moved)
