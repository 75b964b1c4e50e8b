"""Render many latents or views with one compiled function."""

import copy
import dataclasses
import functools
from collections.abc import Iterator
from typing import NamedTuple, Self

import chex
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import ArrayLike

from eg3d_flax import Compute, GeneratorConfig, RenderOutput
from jaxunlearn.batching import batches
from jaxunlearn.limits import RAY_CHUNK
from jaxunlearn.models.generator import Generator
from jaxunlearn.process.devices import default_platform
from jaxunlearn.process.jax_settings import pinned_settings


def default_compute() -> Compute:
    """Return what is fastest on this platform, with `RAY_CHUNK`: all rays would need much memory."""
    return dataclasses.replace(Compute.for_platform(default_platform()), ray_chunk=RAY_CHUNK)


class _Program(NamedTuple):
    """The static arguments of rendering; each combination is compiled once."""

    graphdef: nnx.GraphDef
    noise_mode: str
    neural_rendering_resolution: int | None
    compute: Compute


@functools.partial(jax.jit, static_argnums=0)
def _synthesise(
    program: _Program, state: nnx.State, ws: jax.Array, c: jax.Array, keys: jax.Array | None
) -> RenderOutput:
    """Render. The weights are an argument because captured weights would become constants of the program."""
    return nnx.merge(program.graphdef, state).synthesis(
        ws,
        c,
        program.noise_mode,
        keys,
        neural_rendering_resolution=program.neural_rendering_resolution,
        compute=program.compute,
    )


class Renderer:
    """Render a generator's latents in batches of one size, so that they are compiled only once.

    The compiled program also serves other renderers with the same settings and config. Rendering is
    deterministic, with depths in the middle of their bins. Only with `noise_mode` "random", noise and jitter
    follow from `noise_seed`.

    Args:
      generator: the generator.
      batch: images rendered at a time.
      noise_mode: "const", "random" or "none", see `Generator.synthesis`.
      noise_seed: seed of random noise.
      neural_rendering_resolution: rays along each side; None uses the generator's.
      compute: dtype and forms.
    """

    def __init__(
        self,
        generator: Generator,
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
        self._program = _Program(graphdef, noise_mode, neural_rendering_resolution, compute.for_pictures())

    @property
    def config(self) -> GeneratorConfig:
        """Config of the generator."""
        return self._config

    def with_generator(self, generator: Generator) -> Self:
        """Return the same renderer for another generator of the same config.

        Raises:
          ValueError: if the config differs.
        """
        if generator.config != self._config:
            raise ValueError("a renderer is compiled for one config, and this generator has another")
        other = copy.copy(self)
        graphdef, other._state = nnx.split(generator)
        other._program = self._program._replace(graphdef=graphdef)  # it may have adapters
        return other

    def with_random_noise(self, seed: int) -> Self:
        """Return the same renderer with noise and jitter drawn from a seed."""
        other = copy.copy(self)
        other._key = jax.random.key(seed)
        other._program = self._program._replace(noise_mode="random")
        return other

    def _keys(self, index: np.ndarray) -> jax.Array | None:
        """Return a key for each image from its place in the whole list: batches do not change noise."""
        key = self._key
        return None if key is None else jax.vmap(lambda i: jax.random.fold_in(key, i))(index)

    def batches(self, ws: ArrayLike, c: ArrayLike) -> Iterator[RenderOutput]:
        """Render latents batch by batch.

        Args:
          ws: `[N, num_ws, w_dim]`.
          c: cameras `[N, 25]`.

        Yields:
          The outputs of a batch as NumPy arrays `[M, ...]`.
        """
        # JAX would compile, for each number of latents, how some of them are taken.
        latents, cameras = np.asarray(ws), np.asarray(c)
        chex.assert_rank(latents, 3)
        chex.assert_shape(cameras, (len(latents), 25))

        def render(rows: np.ndarray) -> RenderOutput:
            return _synthesise(self._program, self._state, latents[rows], cameras[rows], self._keys(rows))

        return batches(render, len(latents), self._batch)

    def __call__(self, ws: ArrayLike, c: ArrayLike) -> RenderOutput:
        """Render latents `[N, num_ws, w_dim]` with cameras `[N, 25]`; returns NumPy arrays `[N, ...]`."""
        parts = list(self.batches(ws, c))
        return jax.tree.map(lambda *arrays: np.concatenate(arrays), *parts)


def from_all_views(ws: jax.Array | np.ndarray, c: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Pair each of `N` latents with each of `V` cameras, all views of the first latent first.

    Args:
      ws: `[N, num_ws, w_dim]`.
      c: `[V, 25]`.

    Returns:
      `[N * V, num_ws, w_dim]` and `[N * V, 25]`.
    """
    return jnp.repeat(ws, len(c), axis=0), jnp.tile(c, (len(ws), 1))


@pinned_settings()
def latents_of_seeds(
    generator: Generator,
    seeds: list[int],
    c: jax.Array,
    *,
    truncation_psi: float = 1.0,
    truncation_cutoff: int | None = None,
) -> jax.Array:
    """Return the latents ws `[N, num_ws, w_dim]` of seeds, as the official scripts compute them.

    Args:
      generator: its mapping network is used.
      seeds: `N` seeds; z is `numpy.random.RandomState(seed).randn(1, z_dim)`.
      c: conditioning camera `[1, 25]`.
      truncation_psi: 1 means no truncation.
      truncation_cutoff: number of rows that are truncated; None truncates all.
    """
    z = np.concatenate([np.random.RandomState(s).randn(1, generator.config.z_dim) for s in seeds])
    c = jnp.repeat(c, len(seeds), axis=0)
    return generator.mapping(jnp.asarray(z, jnp.float32), c, truncation_psi, truncation_cutoff)
