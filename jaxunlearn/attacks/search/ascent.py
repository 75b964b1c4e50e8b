"""Gradient ascent in balls around a latent, towards a person to the identity network of the loss.

`N` searches, `V` views, `L` rows of ws (num_ws), `D` w_dim, `E` size of an embedding.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from eg3d_flax import Compute
from jaxunlearn.attacks.attacked import Attacked
from jaxunlearn.attacks.draws import DISTRIBUTION, key_of, random_latents
from jaxunlearn.batching import batches
from jaxunlearn.models.batched import embeddings
from jaxunlearn.models.identity import IdentityNetwork
from jaxunlearn.models.renderer import default_compute
from jaxunlearn.photos.inversion.latent_distribution import LatentDistribution

Pytree = Any


class Ball(NamedTuple):
    """Balls around one latent; offsets from it are `x @ axes`."""

    centre: jax.Array
    """`[L, D]`."""
    axes: jax.Array
    """`[D, D]`, see `LatentDistribution`."""
    radii: jax.Array
    """`[N]`, Euclidean over all rows."""

    def into(self, x: jax.Array) -> jax.Array:
        """Return coordinates `[N, L, D]` with the offsets outside their ball pulled back to its surface."""
        length = jnp.sqrt(jnp.sum(jnp.square(x @ self.axes), axis=(-2, -1)))
        scale = jnp.minimum(1, self.radii / jnp.maximum(length, jnp.finfo(x.dtype).tiny))
        return scale[:, None, None] * x

    def latents(self, x: jax.Array) -> jax.Array:
        """Return the latents `[N, L, D]` of coordinates."""
        return self.centre + x @ self.axes


class _Static(NamedTuple):
    """Values for which the step is compiled."""

    graphdef: nnx.GraphDef
    compute: Compute
    steps: int
    learning_rate: float


class _Networks(NamedTuple):
    """The numbers of the networks; they are arguments of the compiled step."""

    generator: Pytree
    identity: IdentityNetwork


class _Aim(NamedTuple):
    """The person that is looked for."""

    c: jax.Array
    """`[V, 25]`."""
    embeddings: jax.Array
    """`[V, E]`, unit vectors."""


class _State(NamedTuple):
    """Where the searches are, and the best that they have seen."""

    x: jax.Array
    """`[N, L, D]`."""
    moments: optax.OptState
    best: jax.Array
    """`[N, L, D]`, coordinates."""
    similarity: jax.Array
    """`[N]`, of the best, to the loss network."""


class Ascended(NamedTuple):
    """The best latents of searches."""

    ws: np.ndarray
    """`[N, L, D]`."""
    similarity: np.ndarray
    """`[N]`, mean cosine over the views, to the loss network."""
    at_start: np.ndarray
    """`[N]`, the same before the first step."""


class Ascent:
    """Searches for one person in one generator.

    Args:
      attacked: the person in the source is looked for in the unlearned generator.
      steps: number of steps of Adam.
      learning_rate: rate of Adam, in standard deviations of w; falls to 0 as a cosine.
      views: number of the protocol's views that the search sees, spread evenly.
      samples: number of random latents that estimate the deviations.
      batch: number of searches at a time.
    """

    def __init__(
        self, attacked: Attacked, *, steps: int, learning_rate: float, views: int, samples: int, batch: int
    ):
        generator = attacked.unlearned
        graphdef, state = nnx.split(generator)
        self._static = _Static(graphdef, default_compute(), steps, learning_rate)
        self._networks = _Networks(state, attacked.models.identity)
        self._aim = _aim(attacked, views)
        self._batch = batch
        w = random_latents(generator, key_of(attacked.seed, DISTRIBUTION), samples)
        self._distribution = LatentDistribution.of(w[:, 0])

    def evaluations(self, searches: int) -> int:
        """Return how often `__call__` calls `tick` for a number of searches."""
        return (self._static.steps + 1) * -(-searches // min(self._batch, searches))

    def __call__(
        self, centre: jax.Array, offsets: jax.Array, radii: jax.Array, tick: Callable[[], object]
    ) -> Ascended:
        """Search in balls around a latent.

        Args:
          centre: `[L, D]`.
          offsets: `[N, L, D]`, the starts minus the centre; those outside their ball are pulled back.
          radii: `[N]`.
          tick: called after each step.
        """
        distribution = self._distribution
        batch = min(self._batch, len(offsets))

        def best(rows: np.ndarray) -> tuple[jax.Array, ...]:
            ball = Ball(centre, distribution.axes, radii[rows])
            x = ball.into(offsets[rows] @ distribution.inverse)
            state = _State(x, _optimiser(self._static).init(x), x, jnp.full(len(rows), -jnp.inf))
            seen = []
            for _ in range(self._static.steps + 1):  # the last one only looks at where the others arrived
                state = _step(self._static, self._networks, self._aim, ball, state)
                seen.append(jax.block_until_ready(state.similarity))
                tick()
            return ball.latents(state.best), seen[-1], seen[0]

        parts = list(batches(best, len(offsets), batch))
        return Ascended(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


@functools.partial(jax.jit, static_argnums=0)
def _step(static: _Static, networks: _Networks, aim: _Aim, ball: Ball, state: _State) -> _State:
    """Look at the images of the coordinates, remember them if they are the best, and go one step uphill."""

    def loss(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        similarity = _similarity(static, networks, aim, ball.latents(x))
        return -jnp.sum(similarity), similarity  # a sum: searches do not influence each other

    gradient, similarity = jax.grad(loss, has_aux=True)(state.x)
    better = similarity > state.similarity
    updates, moments = _optimiser(static).update(gradient, state.moments)
    return _State(
        ball.into(optax.apply_updates(state.x, updates)),  # type: ignore[arg-type]
        moments,
        jnp.where(better[:, None, None], state.x, state.best),
        jnp.where(better, similarity, state.similarity),
    )


def _similarity(static: _Static, networks: _Networks, aim: _Aim, ws: jax.Array) -> jax.Array:
    generator = nnx.merge(static.graphdef, networks.generator)
    count, number_of_views = len(ws), len(aim.c)
    seen = jnp.repeat(ws, number_of_views, axis=0)
    images = generator.synthesis(seen, jnp.tile(aim.c, (count, 1)), compute=static.compute).image
    embedded = networks.identity.embed(images).reshape(count, number_of_views, -1)
    return jnp.mean(jnp.sum(embedded * aim.embeddings, axis=-1), axis=-1)


def _optimiser(static: _Static) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(static.learning_rate, static.steps + 1), b2=0.99)


def _aim(attacked: Attacked, count: int) -> _Aim:
    reference = attacked.reference
    places = np.linspace(0, len(reference.views) - 1, count + 2)[1:-1].round().astype(int)
    c = reference.views[places]
    images = np.asarray(reference.renderer(jnp.repeat(attacked.ws[None], count, axis=0), c).image)
    identity = attacked.models.identity
    return _Aim(c, jnp.asarray(embeddings(identity, images, min(count, reference.settings.batch))))
