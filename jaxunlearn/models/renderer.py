"""Render many samples or views with one compiled function."""

import copy
import functools
from collections.abc import Iterator
from typing import NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from eg3d_flax import Compute, GeneratorConfig, RenderOutput, TriPlaneGenerator


class _How(NamedTuple):
    """What rendering is compiled for."""

    graphdef: nnx.GraphDef
    noise_mode: str
    neural_rendering_resolution: int | None
    compute: Compute


@functools.partial(jax.jit, static_argnums=0)
def _synthesise(
    how: _How, state: nnx.State, ws: jax.Array, c: jax.Array, keys: jax.Array | None
) -> RenderOutput:
    """The weights are an argument: captured, they would be folded into the program as constants."""
    return nnx.merge(how.graphdef, state).synthesis(
        ws,
        c,
        how.noise_mode,
        keys,
        neural_rendering_resolution=how.neural_rendering_resolution,
        compute=how.compute,
    )


class Renderer:
    """Renders a generator's samples in batches of one size, so that one compilation serves them all.

    It serves every renderer of the process that has the same settings and a generator of the same config.


    Rendering is deterministic, with samples in the middle of their bins, unless `noise_mode` is "random";
    then noise and jitter follow from `noise_seed`.
    """

    def __init__(
        self,
        generator: TriPlaneGenerator,
        *,
        batch: int = 4,
        noise_mode: str = "const",
        noise_seed: int = 0,
        neural_rendering_resolution: int | None = None,
        compute: Compute,
    ):
        graphdef, self._state = nnx.split(generator)
        self._config = generator.config
        self._batch = batch
        self._key = jax.random.key(noise_seed) if noise_mode == "random" else None
        self._how = _How(graphdef, noise_mode, neural_rendering_resolution, compute)

    @property
    def config(self) -> GeneratorConfig:
        """The generator's."""
        return self._config

    def with_generator(self, generator: TriPlaneGenerator) -> Self:
        """The same renderer for another generator of the same config.

        Raises:
          ValueError: if the config differs.
        """
        if generator.config != self._config:
            raise ValueError("a renderer is compiled for one config, and this generator has another")
        other = copy.copy(self)
        other._state = nnx.state(generator)
        return other

    def _keys(self, index: np.ndarray) -> jax.Array | None:
        """A key for each image, by its place in the whole list: batches do not change the noise."""
        key = self._key
        return None if key is None else jax.vmap(lambda i: jax.random.fold_in(key, i))(index)

    def batches(self, ws: jax.Array, c: jax.Array) -> Iterator[RenderOutput]:
        """Render ws `[N, num_ws, w_dim]` with cameras `[N, 25]`, some at a time; arrays are NumPy's."""
        count = len(ws)
        for start in range(0, count, self._batch):
            index = np.minimum(np.arange(start, start + self._batch), count - 1)
            out = _synthesise(self._how, self._state, ws[index], c[index], self._keys(index))
            yield jax.tree.map(lambda x, n=count - start: np.asarray(x[:n]), out)

    def __call__(self, ws: jax.Array, c: jax.Array) -> RenderOutput:
        """As `batches`, in one piece."""
        parts = list(self.batches(ws, c))
        return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def latents_of_seeds(
    generator: TriPlaneGenerator,
    seeds: list[int],
    c: jax.Array,
    *,
    truncation_psi: float = 1.0,
    truncation_cutoff: int | None = None,
) -> jax.Array:
    """The ws `[N, num_ws, w_dim]` of seeds; z is drawn as the official scripts do, one generator a seed.

    Args:
      generator: whose mapping network is used.
      seeds: one for each sample; `numpy.random.RandomState(seed).randn(1, z_dim)` is its z.
      c: `[1, 25]` conditioning camera.
      truncation_psi: 1 leaves the samples as they are.
      truncation_cutoff: rows that truncation reaches; None is all.
    """
    z = np.concatenate([np.random.RandomState(s).randn(1, generator.config.z_dim) for s in seeds])
    c = jnp.repeat(c, len(seeds), axis=0)
    return generator.mapping(jnp.asarray(z, jnp.float32), c, truncation_psi, truncation_cutoff)
