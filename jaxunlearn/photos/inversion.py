"""Photograph → latent, by optimisation in W+ (as Abdal et al., ICCV 2019), with the camera where unknown.

The search starts from the mean face, or from latents that an encoder found. The generator's noise stays as it
is stored: the latent alone then explains the photograph, and it is the latent that unlearning starts from.
(StyleGAN2's projector optimises the noise too, and needs a regulariser that keeps faces out of it.)

Latents are optimised in coordinates in which the generator's own w are standard normal: one step size then
suits all directions, and the squared length of the coordinates measures how far a latent is from the people
that the generator knows. `N` images, `L` rows of ws (num_ws), `D` w_dim, `R` img_resolution, `E` embedding.
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
from tqdm import tqdm

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.methods.latents import LatentDistribution
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.cameras import conditioning_view, views
from lpips_flax import LPIPS

Pytree = Any


class Embedding(Protocol):
    """A pytree that recognises people."""

    def embed(self, images: jax.Array) -> jax.Array:
        """Images `[N, R, R, 3]` in [-1, 1] → unit vectors `[N, E]`."""
        ...


@dataclasses.dataclass(frozen=True)
class InversionSettings:
    """How a latent is looked for.

    Attributes:
      steps: of the optimiser.
      learning_rate: of Adam, in standard deviations of w; falls to 0 as a cosine.
      perceptual: weight of LPIPS.
      squared: weight of the mean squared difference.
      identity: weight of 1 - cosine of the embeddings.
      prior: weight of the mean square of the coordinates, averaged over the rows of ws: 1 on average for
        samples of the generator.
      spread: weight of the mean square of the rows' differences from their average.
      camera_steps: where the camera is unknown and the search starts from given latents: steps that look for
        the camera alone, before all others.
      camera_rate: of Adam in these steps.
      yaws: radians; where the camera is unknown, the search starts from the one of these views in which the
        mean face is most similar.
      view_unit: radians by which yaw and pitch change for a step of 1 in the optimiser's eyes.
      distribution_samples: latents that estimate the distribution of w.
      batch: images optimised at a time.
    """

    steps: int = 40
    learning_rate: float = 0.2
    perceptual: float = 1.0
    squared: float = 1.0
    identity: float = 0.1
    prior: float = 0.02
    spread: float = 0.3
    camera_steps: int = 10
    camera_rate: float = 0.2
    yaws: tuple[float, ...] = (-0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45)
    view_unit: float = 0.2
    distribution_samples: int = 4096
    batch: int = 8


class Inversion(NamedTuple):
    """What was found; arrays are NumPy's."""

    ws: np.ndarray
    """`[N, L, D]`."""

    c: np.ndarray
    """`[N, 25]`, given or estimated."""

    images: np.ndarray
    """`[N, R, R, 3]`, the generator's pictures of `ws` seen by `c`."""

    perceptual: np.ndarray
    """`[N]`, LPIPS between photograph and picture."""

    squared: np.ndarray
    """`[N]`, mean squared difference of the two, in [-1, 1]."""

    identity: np.ndarray
    """`[N]`, cosine of the embeddings of the two."""


class _Guess(NamedTuple):
    """What is optimised."""

    x: jax.Array
    """`[N, L, D]`, standardised latents."""

    angles: jax.Array
    """`[N, 2]`, yaw and pitch in units of `view_unit`; means nothing where cameras are known."""


class _Seen(NamedTuple):
    """What the networks see in images."""

    features: tuple[jax.Array, ...]
    embeddings: jax.Array


class _Wanted(NamedTuple):
    """Photographs, what the networks see in them, and cameras where they are known."""

    images: jax.Array
    seen: _Seen
    c: jax.Array | None


class _Weights(NamedTuple):
    """How the terms of the loss are weighed; see `InversionSettings`."""

    perceptual: jax.Array
    squared: jax.Array
    identity: jax.Array
    prior: jax.Array
    spread: jax.Array


class _Networks(NamedTuple):
    """All numbers that stay as they are.

    Arguments of the compiled functions: as constants, networks would be folded for minutes.
    """

    generator: Pytree
    distribution: LatentDistribution
    perceptual: LPIPS
    identity: Any
    weights: _Weights


class _Static(NamedTuple):
    """What the compiled functions are compiled for."""

    graphdef: nnx.GraphDef
    view_unit: float
    compute: Compute


class _Descent(NamedTuple):
    """Steps of Adam, whose rate falls to 0 as a cosine."""

    steps: int
    rate: float
    camera_only: bool


def invert(
    generator: TriPlaneGenerator,
    images: np.ndarray,
    c: np.ndarray | None,
    perceptual: LPIPS,
    identity: Embedding,
    settings: InversionSettings | None = None,
    *,
    key: jax.Array,
    ws: np.ndarray | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Find latents whose pictures are the given images.

    Args:
      generator: whose latents; its synthesis noise is the stored one.
      images: `[N, R, R, 3]` in [-1, 1].
      c: `[N, 25]` cameras, or None to estimate yaw and pitch around the average camera.
      perceptual: LPIPS of the loss.
      identity: identity network of the loss, a pytree.
      settings: how to look; the defaults are for the bundled model.
      key: draws the latents from which the distribution of w is estimated.
      ws: `[N, L, D]` to start from, such as an encoder's; with `settings.steps` 0 they are kept and only
        cameras are looked for. None starts from the mean face.
      mesh: its axis "sample" divides each batch among its devices, each of which has the networks; the batch
        is enlarged to a multiple of its size. None stays on one device.
      compute: dtype and forms; None takes what is fastest on this platform.
      progress: show a bar.

    Raises:
      ValueError: if the images do not have the generator's resolution, or cameras or latents are of another
        number or shape.
    """
    settings = settings or InversionSettings()
    compute = compute or Compute.for_platform(jax.default_backend())
    side = generator.config.img_resolution
    if images.ndim != 4 or images.shape[1:] != (side, side, 3) or not len(images):
        raise ValueError(f"images must be [N, {side}, {side}, 3], not {list(images.shape)}")
    if c is not None and c.shape != (len(images), 25):
        raise ValueError(f"cameras of {len(images)} images must be [{len(images)}, 25], not {list(c.shape)}")

    rows = (len(images), generator.config.num_ws, generator.config.w_dim)
    if ws is not None and ws.shape != rows:
        raise ValueError(f"latents to start from must be {list(rows)}, not {list(ws.shape)}")

    graphdef, state = nnx.split(generator)
    static = _Static(graphdef, settings.view_unit, compute)
    samples = jax.random.normal(key, (settings.distribution_samples, generator.config.z_dim))
    distribution = LatentDistribution.of(_map(static, state, samples)[:, 0])
    weights = _Weights(*(jnp.asarray(getattr(settings, name)) for name in _Weights._fields))
    networks = _Networks(state, distribution, perceptual, identity, weights)
    batch = min(settings.batch, len(images))
    place: Callable[[Pytree], Pytree] = lambda tree: tree  # noqa: E731
    if mesh is not None:
        batch = -(-batch // mesh.shape["sample"]) * mesh.shape["sample"]
        networks = jax.device_put(networks, NamedSharding(mesh, PartitionSpec()))
        place = functools.partial(jax.device_put, device=NamedSharding(mesh, PartitionSpec("sample")))
    x = np.zeros(rows, np.float32) if ws is None else np.asarray(distribution.coordinates(jnp.asarray(ws)))
    camera_steps = 0 if ws is None or c is not None else settings.camera_steps
    descents = (
        _Descent(camera_steps, settings.camera_rate, camera_only=True),
        _Descent(settings.steps, settings.learning_rate, camera_only=False),
    )

    found = []
    total = sum(descent.steps for descent in descents) * -(-len(images) // batch)
    with tqdm(total=total, desc="inversion", disable=not progress) as bar:
        for start in range(0, len(images), batch):
            index = np.minimum(np.arange(start, start + batch), len(images) - 1)
            given = None if c is None else place(jnp.asarray(c[index]))
            photographs = place(jnp.asarray(images[index]))
            wanted = _Wanted(photographs, _look_at(networks, photographs), given)
            guess = place(_Guess(jnp.asarray(x[index]), jnp.zeros((batch, 2))))
            if given is None:
                origin = guess._replace(x=jnp.zeros_like(guess.x))
                angles = _first_angles(static, networks, wanted, origin, settings.yaws)
                guess = guess._replace(angles=place(angles))
            for descent in descents:
                moments = _optimiser(descent).init(guess) if descent.steps else None
                for _ in range(descent.steps):
                    gradient = _render(static, networks, wanted, guess).gradient
                    guess, moments = _step(descent, gradient, guess, moments)
                    jax.block_until_ready(guess)
                    bar.update()
            last = _render(static, networks, wanted, guess)
            distances = (last.perceptual, last.squared, 1 - last.identity)
            parts = (last.ws, last.c, last.image, *distances)
            found.append([np.asarray(part)[: len(images) - start] for part in parts])
    return Inversion(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


@functools.partial(jax.jit, static_argnums=0)
def _map(static: _Static, state: Pytree, z: jax.Array) -> jax.Array:
    generator = nnx.merge(static.graphdef, state)
    return generator.mapping(z, conditioning_view(generator.config, len(z)))


def _first_angles(
    static: _Static, networks: _Networks, wanted: _Wanted, origin: _Guess, candidates: tuple[float, ...]
) -> jax.Array:
    """Angles `[N, 2]`, in units of `view_unit`, at which the mean face is most similar to each image."""
    yaws, batch = np.array(candidates), len(wanted.images)

    def turned(yaw: np.ndarray) -> jax.Array:
        return jnp.asarray(np.stack([yaw, np.zeros(batch)], axis=1) / static.view_unit)

    distances = []
    for start in range(0, len(yaws), batch):
        some = yaws[np.minimum(np.arange(start, start + batch), len(yaws) - 1)]
        guess = origin._replace(angles=turned(some).astype(origin.angles.dtype))
        faces = _look_at(networks, _render(static, networks, wanted, guess).image)
        distances.append(_distances(networks.perceptual, wanted.seen.features, faces.features))
    return turned(yaws[np.concatenate(distances, axis=1)[:, : len(yaws)].argmin(axis=1)])


@jax.jit
def _look_at(networks: _Networks, images: jax.Array) -> _Seen:
    return _Seen(networks.perceptual.features(images), networks.identity.embed(images))


@jax.jit
def _distances(
    perceptual: LPIPS, of_these: tuple[jax.Array, ...], of_those: tuple[jax.Array, ...]
) -> jax.Array:
    """LPIPS between all of N images and all of V, from their features: `[N, V]`."""

    def to_all(of_one: tuple[jax.Array, ...]) -> jax.Array:
        same = [jnp.broadcast_to(one, each.shape) for one, each in zip(of_one, of_those, strict=True)]
        return perceptual.distance(same, of_those)

    return jax.vmap(to_all)(of_these)


def _interpret(
    static: _Static, networks: _Networks, wanted: _Wanted, guess: _Guess
) -> tuple[jax.Array, jax.Array]:
    """The ws `[N, L, D]` and cameras `[N, 25]` that a guess stands for."""
    c = wanted.c
    if c is None:
        yaw, pitch = (guess.angles * static.view_unit).T
        c = views(nnx.merge(static.graphdef, networks.generator).config, yaw, pitch)
    return networks.distribution.latents(guess.x), c


class _Rendered(NamedTuple):
    """A guess and what becomes of it; distances are unweighted, `[N]`."""

    ws: jax.Array
    c: jax.Array
    image: jax.Array
    perceptual: jax.Array
    squared: jax.Array
    identity: jax.Array
    gradient: _Guess


@functools.partial(jax.jit, static_argnums=0)
def _render(static: _Static, networks: _Networks, wanted: _Wanted, guess: _Guess) -> _Rendered:
    """Render a guess, with the gradient of its loss: the only large compiled function, used throughout.

    A single step and not a loop of them: inside a compiled loop a step took 1.6 times as long on a CPU.
    """

    def loss(guess: _Guess) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        ws, c = _interpret(static, networks, wanted, guess)
        generator = nnx.merge(static.graphdef, networks.generator)
        image = generator.synthesis(ws, c, compute=static.compute).image
        perceptual = networks.perceptual
        average = jnp.mean(guess.x, axis=1, keepdims=True)
        distances = (
            perceptual.distance(perceptual.features(image), wanted.seen.features),
            jnp.mean(jnp.square(image - wanted.images), axis=(1, 2, 3)),
            identity_distance(networks.identity.embed(image), wanted.seen.embeddings),
        )
        pulls = (
            jnp.mean(jnp.square(guess.x), axis=(1, 2)),
            jnp.mean(jnp.square(guess.x - average), axis=(1, 2)),
        )
        weights = jnp.stack(networks.weights)[:, None]
        # A sum over the images, which therefore do not influence each other.
        return jnp.sum(weights * jnp.stack((*distances, *pulls))), (ws, c, image, *distances)

    gradient, (ws, c, image, *distances) = jax.grad(loss, has_aux=True)(guess)
    return _Rendered(ws, c, image, *distances, gradient=gradient)


def _optimiser(descent: _Descent) -> optax.GradientTransformation:
    rate, steps = descent.rate, descent.steps
    return optax.adam(optax.warmup_cosine_decay_schedule(0.0, rate, steps // 10, steps), b2=0.99)


@functools.partial(jax.jit, static_argnums=0)
def _step(
    descent: _Descent, gradient: _Guess, guess: _Guess, state: optax.OptState
) -> tuple[_Guess, optax.OptState]:
    if descent.camera_only:
        gradient = gradient._replace(x=jnp.zeros_like(gradient.x))
    updates, state = _optimiser(descent).update(gradient, state)
    return optax.apply_updates(guess, updates), state  # type: ignore[return-value]
