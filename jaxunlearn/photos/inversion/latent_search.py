"""One search for the latents of a batch of photos: its compiled functions and its order.

Latents are optimised in coordinates in which the generator's own w are standard normal. One step size then
suits all directions, and the squared length of the coordinates measures the distance of a latent from the
generator's own people. `N` images, `L` rows of ws (num_ws), `D` w_dim, `R` img_resolution, `E` embedding.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from eg3d_flax import Compute
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.cameras import conditioning_view, views
from jaxunlearn.photos.inversion.latent_distribution import LatentDistribution
from jaxunlearn.sharding import over_rows
from lpips_flax import LPIPS

Pytree = Any


class Embedding(Protocol):
    """A pytree that recognises people."""

    def embed(self, images: jax.Array) -> jax.Array:
        """Images `[N, R, R, 3]` in [-1, 1] → unit vectors `[N, E]`."""
        ...


class _Guess(NamedTuple):
    """The numbers that are optimised."""

    x: jax.Array
    """`[N, L, D]`, standardised latents."""

    angles: jax.Array
    """`[N, 2]`, yaw and pitch in units of `view_unit`; not used if cameras are known."""


class _Seen(NamedTuple):
    """The networks' view of images."""

    features: tuple[jax.Array, ...]
    embeddings: jax.Array


class _Wanted(NamedTuple):
    """Photos, what the networks see in them, and cameras if they are known."""

    images: jax.Array
    seen: _Seen
    c: jax.Array | None


class Weights(NamedTuple):
    """Weights of the terms of the loss; see `InversionSettings`."""

    perceptual: jax.Array
    squared: jax.Array
    identity: jax.Array
    prior: jax.Array
    spread: jax.Array


class Networks(NamedTuple):
    """All numbers that the search does not change.

    They are arguments of the compiled functions: XLA would fold constants of this size for minutes.
    """

    generator: Pytree
    distribution: LatentDistribution
    perceptual: LPIPS
    identity: Any
    weights: Weights


class Static(NamedTuple):
    """Static arguments of the compiled functions."""

    graphdef: nnx.GraphDef
    view_unit: float
    compute: Compute
    rays: int | None
    """Rays along each side in the steps; None takes the model's. What was found is shown with the model's."""
    mesh: Mesh | None = None
    """The images are divided among its devices; None uses one."""

    def over_images(self, function: Callable[..., Any], networks: Networks, images: Pytree) -> Any:
        """Return `function(networks, images)`, on each device with its share of the images.

        They are divided here, because XLA would have every device render all images where it loops over them.
        """
        if self.mesh is not None:
            function = over_rows(function, self.mesh, len(jax.tree.leaves(images)[0]))
        return function(networks, images)


class Descent(NamedTuple):
    """Steps of Adam, whose rate rises over the first tenth of them, then falls to 0 as a cosine."""

    steps: int
    rate: float
    camera_only: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Search:
    """A search for the latents and cameras of one batch of photos after another.

    Attributes:
      static: see `Static`.
      networks: see `Networks`; they are on the devices of the search.
      descents: the runs of the optimiser, one after another.
      yaws: views in radians; if the camera is unknown, the search starts from the best of them.
      place: puts arrays with a row for each image on the devices of the search.
    """

    static: Static
    networks: Networks
    descents: tuple[Descent, ...]
    yaws: tuple[float, ...]
    place: Callable[[Pytree], Pytree] = lambda tree: tree

    @property
    def steps(self) -> int:
        """Number of steps for each batch."""
        return sum(descent.steps for descent in self.descents)

    def coordinates(self, ws: np.ndarray) -> np.ndarray:
        """Return the standardised latents of `ws`; both are `[N, L, D]`."""
        return np.asarray(self.networks.distribution.coordinates(jnp.asarray(ws)))

    def on(self, mesh: Mesh) -> "Search":
        """Return the same search on all devices of a mesh, whose axis "sample" divides the images."""
        everywhere, rows = (NamedSharding(mesh, spec) for spec in (PartitionSpec(), PartitionSpec("sample")))
        place = functools.partial(jax.device_put, device=rows)
        return dataclasses.replace(
            self,
            static=self.static._replace(mesh=mesh),
            networks=jax.device_put(self.networks, everywhere),
            place=place,
        )

    def __call__(
        self, images: np.ndarray, c: np.ndarray | None, x: np.ndarray, tick: Callable[[], object]
    ) -> "Rendered":
        """Search.

        Args:
          images: `[N, R, R, 3]` in [-1, 1].
          c: `[N, 25]` cameras, or None to look for them as well.
          x: `[N, L, D]`, the standardised latents to start from.
          tick: called after each step.
        """
        static, networks, place = self.static, self.networks, self.place
        photos = place(jnp.asarray(images))
        wanted = _Wanted(photos, _look_at(networks, photos), None if c is None else place(jnp.asarray(c)))
        guess = place(_Guess(jnp.asarray(x), jnp.zeros((len(images), 2))))
        if c is None:
            origin = guess._replace(x=jnp.zeros_like(guess.x))
            guess = guess._replace(angles=place(_first_angles(static, networks, wanted, origin, self.yaws)))
        for descent in self.descents:
            moments = _optimiser(descent).init(guess) if descent.steps else None
            for _ in range(descent.steps):
                gradient = _gradient(static, networks, wanted, guess)
                guess, moments = _step(descent, gradient, guess, moments)
                jax.block_until_ready(guess)
                tick()
        return _show(static, networks, wanted, guess)


@functools.partial(jax.jit, static_argnums=0)
def map_latents(static: Static, state: Pytree, z: jax.Array) -> jax.Array:
    """Return the ws `[N, L, D]` of z `[N, z_dim]`, seen from the front."""
    generator = nnx.merge(static.graphdef, state)
    return generator.mapping(z, conditioning_view(generator.config, len(z)))


def _first_angles(
    static: Static, networks: Networks, wanted: _Wanted, origin: _Guess, candidates: tuple[float, ...]
) -> jax.Array:
    """Return the angles `[N, 2]` at which the mean face is most similar to each image, in `view_unit`s."""
    yaws, batch = np.array(candidates), len(wanted.images)

    def turned(yaw: np.ndarray) -> jax.Array:
        return jnp.asarray(np.stack([yaw, np.zeros(batch)], axis=1) / static.view_unit)

    distances = []
    for start in range(0, len(yaws), batch):
        some = yaws[np.minimum(np.arange(start, start + batch), len(yaws) - 1)]
        guess = origin._replace(angles=turned(some).astype(origin.angles.dtype))
        faces = _look_at(networks, _show(static, networks, wanted, guess).image)
        distances.append(pairwise_distances(networks.perceptual, wanted.seen.features, faces.features))
    return turned(yaws[np.concatenate(distances, axis=1)[:, : len(yaws)].argmin(axis=1)])


@jax.jit
def _look_at(networks: Networks, images: jax.Array) -> _Seen:
    return _Seen(networks.perceptual.features(images), networks.identity.embed(images))


@jax.jit
def pairwise_distances(
    perceptual: LPIPS, images: tuple[jax.Array, ...], others: tuple[jax.Array, ...]
) -> jax.Array:
    """Return the LPIPS between all of N images and all of V, from their features: `[N, V]`.

    It compares with one of V after the other: the differences of all pairs would need N times the memory.
    """

    def to_all(other: tuple[jax.Array, ...]) -> jax.Array:
        same = [jnp.broadcast_to(x, image.shape) for x, image in zip(other, images, strict=True)]
        return perceptual.distance(images, same)

    return jax.lax.map(to_all, others).T


def _interpret(
    static: Static, networks: Networks, wanted: _Wanted, guess: _Guess
) -> tuple[jax.Array, jax.Array]:
    """Return the ws `[N, L, D]` and cameras `[N, 25]` of a guess."""
    c = wanted.c
    if c is None:
        yaw, pitch = (guess.angles * static.view_unit).T
        c = views(nnx.merge(static.graphdef, networks.generator).config, yaw, pitch)
    return networks.distribution.latents(guess.x), c


class Rendered(NamedTuple):
    """A guess, its images, and their distances `[N]` to the photos, without weights."""

    ws: jax.Array
    c: jax.Array
    image: jax.Array
    perceptual: jax.Array
    squared: jax.Array
    identity: jax.Array


def _render(static: Static, networks: Networks, wanted: _Wanted, guess: _Guess, rays: int | None) -> Rendered:
    ws, c = _interpret(static, networks, wanted, guess)
    generator = nnx.merge(static.graphdef, networks.generator)
    image = generator.synthesis(ws, c, neural_rendering_resolution=rays, compute=static.compute).image
    perceptual = networks.perceptual
    return Rendered(
        ws,
        c,
        image,
        perceptual.distance(perceptual.features(image), wanted.seen.features),
        jnp.mean(jnp.square(image - wanted.images), axis=(1, 2, 3)),
        identity_distance(networks.identity.embed(image), wanted.seen.embeddings),
    )


@functools.partial(jax.jit, static_argnums=0)
def _show(static: Static, networks: Networks, wanted: _Wanted, guess: _Guess) -> Rendered:
    """Render a guess as the generator shows it."""
    static = static._replace(compute=static.compute.for_pictures())

    def of_images(networks: Networks, rows: tuple[_Wanted, _Guess]) -> Rendered:
        return _render(static, networks, *rows, None)

    return static.over_images(of_images, networks, (wanted, guess))


@functools.partial(jax.jit, static_argnums=0)
def _gradient(static: Static, networks: Networks, wanted: _Wanted, guess: _Guess) -> _Guess:
    """Return the gradient of the loss.

    It does one step, not a loop of steps: in a compiled loop a step took 1.6 times as long on a CPU.
    """

    def loss(guess: _Guess, networks: Networks, wanted: _Wanted) -> jax.Array:
        seen = _render(static, networks, wanted, guess, static.rays)
        average = jnp.mean(guess.x, axis=1, keepdims=True)
        pulls = (
            jnp.mean(jnp.square(guess.x), axis=(1, 2)),
            jnp.mean(jnp.square(guess.x - average), axis=(1, 2)),
        )
        weights = jnp.stack(networks.weights)[:, None]
        terms = jnp.stack((seen.perceptual, seen.squared, seen.identity, *pulls))
        # A sum over the images: they do not influence each other.
        return jnp.sum(weights * terms)

    def of_images(networks: Networks, rows: tuple[_Wanted, _Guess]) -> _Guess:
        wanted, guess = rows
        return jax.grad(loss)(guess, networks, wanted)

    return static.over_images(of_images, networks, (wanted, guess))


def _optimiser(descent: Descent) -> optax.GradientTransformation:
    rate, steps = descent.rate, descent.steps
    return optax.adam(optax.warmup_cosine_decay_schedule(0.0, rate, steps // 10, steps), b2=0.99)


@functools.partial(jax.jit, static_argnums=0)
def _step(
    descent: Descent, gradient: _Guess, guess: _Guess, state: optax.OptState
) -> tuple[_Guess, optax.OptState]:
    if descent.camera_only:
        gradient = gradient._replace(x=jnp.zeros_like(gradient.x))
    updates, state = _optimiser(descent).update(gradient, state)
    return optax.apply_updates(guess, updates), state  # type: ignore[return-value]
