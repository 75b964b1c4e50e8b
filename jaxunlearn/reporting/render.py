"""Render people from several views: the public `render`, and what it shares with `samples`.

`N` people or samples, `V` views, `H` `W` height and width.
"""

from collections.abc import Iterator, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from eg3d_flax import Compute
from eg3d_flax.synthesis import NoiseMode
from jaxunlearn.errors import InputError, check_whole
from jaxunlearn.given_arrays import numbers_of
from jaxunlearn.images import to_uint8
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.latent_io import fitting_latents
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer, default_compute, from_all_views
from jaxunlearn.photos.people import People
from jaxunlearn.process.jax_settings import pinned_settings


@pinned_settings()
def render(
    generator: Generator | Models,
    people: People | ArrayLike,
    *,
    yaw: float | Sequence[float] = 0.0,
    pitch: float | Sequence[float] = 0.0,
    batch: int = 4,
    noise_mode: NoiseMode = "const",
    noise_seed: int = 0,
    resolution: int | None = None,
    compute: Compute | None = None,
    progress: bool = False,
) -> np.ndarray:
    """Render people from every combination of yaw and pitch.

    Angles are degrees away from the frontal view. A positive yaw shows the person's left side, a
    negative pitch looks from above.

    Args:
      generator: a generator, such as one of `Result.generators`; or models, whose source generator is taken.
      people: people, or their latents `[N, num_ws, w_dim]`.
      yaw: one angle or several.
      pitch: one angle or several; the views have the first pitch with all yaws first.
      batch: number of images rendered at a time.
      noise_mode: noise of the synthesis network: "const" is the stored noise, "none" leaves it out, "random"
        draws it.
      noise_seed: seed of the noise, for "random".
      resolution: rays along each side; None takes the generator's own number.
      compute: dtype and forms; None takes `renderer.default_compute`.
      progress: True shows a bar.

    Returns:
      `[N, V, H, W, 3]` uint8, where V is the number of pitches times the number of yaws.

    Raises:
      InputError: if the latents have another shape, latents or angles are no numbers or not
        finite, there are no people or no views, or `batch` or `resolution` is below 1.
    """
    source = generator.generator if isinstance(generator, Models) else generator
    given = people.ws if isinstance(people, People) else people
    ws = jnp.asarray(fitting_latents(given, source.config))
    check_whole("batch", batch, 1)
    if resolution is not None:
        check_whole("resolution", resolution, 1)
    pitches, yaws = np.meshgrid(numbers_of("pitch", pitch), numbers_of("yaw", yaw), indexing="ij")
    if not yaws.size:
        raise InputError("give at least one yaw and one pitch")
    if not (np.isfinite(yaws).all() and np.isfinite(pitches).all()):
        raise InputError(f"yaw and pitch must be finite, not {yaw} and {pitch}")
    renderer = Renderer(
        source,
        batch=min(batch, len(ws) * yaws.size),
        noise_mode=noise_mode,
        noise_seed=noise_seed,
        neural_rendering_resolution=resolution,
        compute=compute or default_compute(),
    )
    c = views(source.config, np.deg2rad(yaws.ravel()), np.deg2rad(pitches.ravel()))
    images = render_views(renderer, ws, c, "images", progress=progress)
    return images.reshape(len(ws), yaws.size, *images.shape[1:])


def render_views(
    renderer: Renderer, ws: jax.Array, c: jax.Array, title: str, *, progress: bool = True
) -> np.ndarray:
    """Render each of `N` latents with each of `V` cameras; see `views_in_batches`.

    Returns:
      Images `[N * V, H, W, 3]` uint8, all views of the first latents first.
    """
    return np.concatenate(
        [images for images, _ in views_in_batches(renderer, ws, c, title, progress=progress)]
    )


def views_in_batches(
    renderer: Renderer, ws: jax.Array, c: jax.Array, title: str, *, progress: bool = True
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Render each of `N` latents with each of `V` cameras, batch by batch.

    Args:
      renderer: of a generator.
      ws: `[N, num_ws, w_dim]`.
      c: `[V, 25]`.
      title: text before the progress bar.
      progress: True shows the bar.

    Yields:
      Images `[M, H, W, 3]` uint8, all views of the first latents first; and their depths `[M, h, w, 1]`.
    """
    latents, cameras = from_all_views(ws, c)
    with tqdm(total=len(latents), desc=title, unit="image", disable=not progress) as bar:
        for rendered in renderer.batches(latents, cameras):
            yield to_uint8(rendered.image), np.asarray(rendered.image_depth)
            bar.update(len(rendered.image))
