"""Find the latents of photos by optimisation in W+ (as Abdal et al., ICCV 2019), and unknown cameras.

The search starts from the mean face, or from latents that an encoder found. The generator's noise stays as it
is stored: the latent alone then explains the photo, and unlearning starts from this latent. (StyleGAN2's
projector optimises the noise too, and needs a regulariser that keeps faces out of it.)

`N` images, `L` rows of ws (num_ws), `D` w_dim, `R` img_resolution, `E` embedding.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh
from tqdm import tqdm

from eg3d_flax import Compute, GeneratorConfig, camera
from jaxunlearn.batching import batches
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import default_compute
from jaxunlearn.photos.inversion.latent_distribution import LatentDistribution
from jaxunlearn.photos.inversion.latent_search import (
    Descent,
    Embedding,
    Networks,
    Search,
    Static,
    Weights,
    map_latents,
)
from lpips_flax import LPIPS


@dataclasses.dataclass(frozen=True)
class InversionSettings:
    """Settings of the search; the defaults suit the bundled model.

    Attributes:
      steps: number of steps of the optimiser.
      learning_rate: highest rate of Adam, in standard deviations of w; it rises over the first tenth of the
        steps, then falls to 0 as a cosine.
      perceptual: weight of LPIPS.
      squared: weight of the mean squared difference.
      identity: weight of 1 - cosine of the embeddings.
      prior: weight of the mean square of the coordinates, averaged over the rows of ws: 1 on average for
        samples of the generator.
      spread: weight of the mean square of the rows' differences from their average.
      camera_steps: number of steps that look for the camera alone, before all others. They are taken if the
        camera is unknown and the search starts from given latents.
      camera_rate: rate of Adam in these steps.
      yaws: views in radians; if the camera is unknown, the search starts from the view in which the mean face
        is most similar to the photo.
      view_unit: change of yaw and pitch, in radians, that counts as 1 for the optimiser.
      distribution_samples: number of latents that estimate the distribution of w.
      batch: number of images optimised at a time.
      rays: rays along each side in the steps of the search; None takes the model's. The images of the latents
        that were found are rendered with the model's.
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
    rays: int | None = None


class Inversion(NamedTuple):
    """Latents that were found, and how similar their images are; NumPy arrays."""

    ws: np.ndarray
    """`[N, L, D]`."""

    c: np.ndarray
    """`[N, 25]`, the cameras: given or estimated."""

    images: np.ndarray
    """`[N, R, R, 3]`, the generator's images of `ws` with the cameras `c`."""

    perceptual: np.ndarray
    """`[N]`, LPIPS between the given images and the generator's."""

    squared: np.ndarray
    """`[N]`, mean squared difference of the two, in [-1, 1]."""

    identity: np.ndarray
    """`[N]`, cosine of the embeddings of the two."""


EachBatch = Callable[[Sequence[int], Inversion], object]
"""Called after each batch with the numbers of its images and their inversion."""


def search_latents(
    generator: Generator,
    images: np.ndarray,
    c: np.ndarray | None,
    perceptual: LPIPS,
    identity: Embedding,
    settings: InversionSettings | None = None,
    *,
    key: jax.Array,
    ws: np.ndarray | None = None,
    rows: Sequence[int] | None = None,
    each: EachBatch | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Find latents whose images are the given ones.

    Args:
      generator: the generator; its synthesis noise is the stored noise.
      images: `[N, R, R, 3]` in [-1, 1].
      c: `[N, 25]` cameras, see `eg3d_flax.camera`, or None to estimate yaw and pitch around the average
        camera.
      perceptual: LPIPS of the loss.
      identity: identity network of the loss, a pytree.
      settings: settings of the search; None takes the defaults.
      key: draws the latents that estimate the distribution of w.
      ws: `[N, L, D]` to start from, such as an encoder's; None starts from the mean face. With
        `settings.steps` 0 they are kept, and only cameras are looked for.
      rows: numbers of the images that are searched, at least one; None searches all. Whole batches are
        searched, of which these images are part: so the result is bit for bit that of a search for all.
      each: called with each batch when it is done; None calls nothing.
      mesh: its axis "sample" divides each batch among its devices. Each device has all networks, and the
        batch is enlarged to a multiple of the devices. None stays on one device.
      compute: dtype and forms; None takes `renderer.default_compute`.
      progress: True shows a bar.

    Returns:
      The inversion of the images that were searched, in their order.

    Raises:
      ValueError: if the images do not have the generator's resolution, the number or shape of cameras or
        latents is wrong, or intrinsics are in pixels.
    """
    settings = settings or InversionSettings()
    _check(generator.config, images, c, ws)
    search = _search(generator, perceptual, identity, settings, key, compute, ws is not None and c is None)
    shape = (len(images), generator.config.num_ws, generator.config.w_dim)
    x = np.zeros(shape, np.float32) if ws is None else search.coordinates(ws)
    batch, multiple = min(settings.batch, len(images)), 1
    if mesh is not None:
        search, multiple = search.on(mesh), mesh.shape["sample"]
        batch = -(-batch // multiple) * multiple
    parts = []
    for some, part in _search_batches(search, images, c, x, rows, batch, progress):
        parts.append(part)
        if each is not None:
            each(some, part)
    return Inversion(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _search_batches(
    search: Search,
    images: np.ndarray,
    c: np.ndarray | None,
    x: np.ndarray,
    rows: Sequence[int] | None,
    batch: int,
    progress: bool,
) -> Iterator[tuple[list[int], Inversion]]:
    """Search the batches of some rows, and yield the numbers of each batch's images with their inversion."""
    numbers = np.arange(len(images))
    if rows is not None:
        numbers = numbers[np.isin(numbers // batch, np.asarray(rows) // batch)]
    with tqdm(total=search.steps * -(-len(numbers) // batch), desc="inversion", disable=not progress) as bar:

        def best(places: np.ndarray) -> tuple[np.ndarray | jax.Array, ...]:
            some = numbers[places]
            last = search(images[some], None if c is None else c[some], x[some], bar.update)
            return some, last.ws, last.c, last.image, last.perceptual, last.squared, 1 - last.identity

        for some, *arrays in batches(best, len(numbers), batch):
            yield some.tolist(), Inversion(*arrays)


def _search(
    generator: Generator,
    perceptual: LPIPS,
    identity: Embedding,
    settings: InversionSettings,
    key: jax.Array,
    compute: Compute | None,
    cameras_first: bool,
) -> Search:
    """Return a search on one device; see `search_latents` for the arguments.

    `cameras_first` says whether the steps that look for cameras alone are taken.
    """
    graphdef, state = nnx.split(generator)
    static = Static(graphdef, settings.view_unit, compute or default_compute(), settings.rays)
    samples = jax.random.normal(key, (settings.distribution_samples, generator.config.z_dim))
    distribution = LatentDistribution.of(map_latents(static, state, samples)[:, 0])
    weights = Weights(*(jnp.asarray(getattr(settings, name)) for name in Weights._fields))
    descents = (
        Descent(settings.camera_steps if cameras_first else 0, settings.camera_rate, camera_only=True),
        Descent(settings.steps, settings.learning_rate, camera_only=False),
    )
    return Search(
        static, Networks(state, distribution, perceptual, identity, weights), descents, settings.yaws
    )


def _check(config: GeneratorConfig, images: np.ndarray, c: np.ndarray | None, ws: np.ndarray | None) -> None:
    """Refuse arrays of wrong shapes, and cameras in pixels.

    Raises:
      ValueError: saying what is needed.
    """
    side = config.img_resolution
    if images.ndim != 4 or images.shape[1:] != (side, side, 3) or not len(images):
        raise ValueError(f"images must be [N, {side}, {side}, 3], not {list(images.shape)}")
    if c is not None and c.shape != (len(images), 25):
        raise ValueError(f"cameras of {len(images)} images must be [{len(images)}, 25], not {list(c.shape)}")
    if c is not None:
        _, intrinsics = camera.unflatten(jnp.asarray(c))
        centre, last = intrinsics[:, :2, 2], intrinsics[:, 2, 2]
        if not (jnp.all((centre >= 0) & (centre <= 1)) and jnp.allclose(last, 1)):  # NaN too
            raise ValueError(
                "cameras must have intrinsics divided by the image's side: their centre lies within 0 and 1, "
                "and their last number is 1"
            )
    rows = (len(images), config.num_ws, config.w_dim)
    if ws is not None and ws.shape != rows:
        raise ValueError(f"latents to start from must be {list(rows)}, not {list(ws.shape)}")
