"""The loss of a generator: views that share planes are rendered as the generator renders them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import Compute, GeneratorConfig, RenderOutput, camera
from jaxunlearn.models.generator import initialise
from jaxunlearn.zoo.training.generator_loss import Images, render_views
from tests.support.tiny_heads import TINY


@pytest.mark.must
def test_views_that_share_planes_are_rendered_as_the_generator_renders_them() -> None:
    generator = initialise(GeneratorConfig.from_json({**GeneratorConfig.heads().to_json(), **TINY}))
    cameras = camera.camera_params(jnp.array([-0.3, 0.1, 0.4, 0.0]), 0.1).reshape(2, 2, 25)
    graph, state = nnx.split(generator)
    z = jnp.array(np.random.default_rng(0).standard_normal((2, 64)), jnp.float32)
    ws = generator.mapping(z, cameras[:, 0])
    planes = jax.jit(lambda state: nnx.merge(graph, state).planes(ws))(state)

    @jax.jit
    def together(state: nnx.State) -> Images:
        return render_views(nnx.merge(graph, state), planes, ws, cameras, None, Compute())

    @jax.jit
    def one(state: nnx.State, camera: jax.Array) -> RenderOutput:
        return nnx.merge(graph, state).render(planes, ws, camera)

    rendered = together(state)
    for view in range(2):
        alone = one(state, cameras[:, view])
        np.testing.assert_allclose(rendered.image[:, view], alone.image, atol=1e-5)
        np.testing.assert_allclose(rendered.raw[:, view], alone.image_raw, atol=1e-5)
