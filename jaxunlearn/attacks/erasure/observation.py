"""Describe people by what an attacker sees of them in one generator.

The attacker has the generator, its public mean latent, and networks of their own. `K` people, `V` views, `P`
probes, `L` rows of ws (num_ws), `D` w_dim, `E` size of an embedding, `F` features of pictures.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.attacks.erasure.settings import ErasureSettings
from jaxunlearn.batching import in_batches
from jaxunlearn.evaluation.features import Features, descriptions
from jaxunlearn.methods.latents import interpolated_target
from jaxunlearn.models.batched import CosineNetwork, embeddings
from jaxunlearn.models.cameras import views
from jaxunlearn.models.renderer import Renderer

PROBES = (0.25, 0.5)
"""How far a probe lies on the way from a person to the mean latent."""


class Observation(NamedTuple):
    """What an attacker knows and sees of `K` people."""

    latent: np.ndarray
    """Mean of the rows of a person's ws, `[K, D]`."""

    by_view: np.ndarray
    """Embeddings of each view, unit vectors `[K, V, E]`."""

    identity: np.ndarray
    """Mean of a person's embeddings over the views, a unit vector, `[K, E]`."""

    mean_face: np.ndarray
    """Cosine between that mean and the embedding of the mean latent's pictures, `[K]`."""

    picture: np.ndarray
    """Mean and spread of each colour, saturation, sharpness, and the spread of identity over the views; `[K,
    9]`."""

    features: np.ndarray
    """Features of the pictures, a mean over the views, `[K, F]`."""

    probe: np.ndarray
    """Cosines between a person and the probes, and between one probe and the next, `[K, P + 1]`."""

    def rows(self, order: np.ndarray) -> "Observation":
        """Return the observation of some people, by their numbers."""
        return Observation(*(values[order] for values in self))


class Instruments(NamedTuple):
    """The networks of the attacker."""

    identity: CosineNetwork
    features: Features


def observe(
    renderer: Renderer,
    instruments: Instruments,
    ws: jax.Array,
    w_avg: jax.Array,
    settings: ErasureSettings,
    *,
    title: str,
    progress: bool,
) -> Observation:
    """Render people and describe what is seen.

    Args:
      renderer: of the generator that the attacker has.
      instruments: the attacker's networks.
      ws: `[K, L, D]`, the people.
      w_avg: `[D]` or `[L, D]`, the mean latent.
      settings: the views.
      title: of the progress bar.
      progress: True shows the progress bar.
    """
    yaw = np.linspace(-settings.max_yaw, settings.max_yaw, settings.views)
    cameras = views(renderer.config, yaw if settings.views > 1 else np.zeros(1), settings.pitch)
    middle = cameras[settings.views // 2]
    sheet = jnp.concatenate([cameras, jnp.tile(middle, (len(PROBES), 1))])
    mean = jnp.broadcast_to(w_avg, (1, *ws.shape[1:]))
    everybody = jnp.concatenate([jnp.asarray(ws), mean])
    probes = [interpolated_target(everybody, w_avg, t) for t in PROBES]
    latents = jnp.stack([everybody] * settings.views + probes, axis=1).reshape(-1, *ws.shape[1:])
    parts = []
    with tqdm(total=len(latents), desc=title, unit="image", disable=not progress) as bar:
        for out in renderer.batches(latents, jnp.tile(sheet, (len(everybody), 1))):
            images = np.clip(out.image, -1, 1)
            parts.append(_described(instruments, images, settings.batch))
            bar.update(len(images))
    stacked = (
        np.concatenate(part).reshape(len(everybody), len(sheet), -1) for part in zip(*parts, strict=True)
    )
    return _summarised(np.asarray(everybody).mean(axis=1), *stacked, views_of_a_person=settings.views)


def _described(
    instruments: Instruments, images: np.ndarray, batch: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        embeddings(instruments.identity, images, batch),
        descriptions(instruments.features, images, batch),
        in_batches(_statistics, batch, images),
    )


@jax.jit
def _statistics(images: jax.Array) -> jax.Array:
    """Return mean and spread of each colour, saturation and sharpness of images `[N, R, R, 3]`: `[N, 8]`."""
    grey = jnp.mean(images, axis=-1)
    inner = grey[:, 1:-1, 1:-1]
    around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    sharpness = jnp.mean(jnp.abs(4 * inner - around), axis=(1, 2))
    saturation = jnp.mean(jnp.max(images, axis=-1) - jnp.min(images, axis=-1), axis=(1, 2))
    single: Any = jnp.stack([saturation, sharpness], axis=1)
    return jnp.concatenate([jnp.mean(images, axis=(1, 2)), jnp.std(images, axis=(1, 2)), single], axis=1)


def _summarised(
    latent: np.ndarray,
    embedded: np.ndarray,
    features: np.ndarray,
    statistics: np.ndarray,
    views_of_a_person: int,
) -> Observation:
    """Summarise each person's pictures; the last person is the mean latent."""
    by_view, probes = np.split(embedded, [views_of_a_person], axis=1)
    average = by_view.mean(axis=1)
    length = np.linalg.norm(average, axis=-1, keepdims=True)
    identity = average / np.maximum(length, 1e-6)
    chain = np.concatenate([by_view[:, views_of_a_person // 2, None], probes], axis=1)
    from_person = np.sum(chain[:, :1] * chain[:, 1:], axis=-1)
    between_probes = np.sum(chain[:, 1:-1] * chain[:, 2:], axis=-1)
    whole = Observation(
        latent=latent,
        by_view=by_view,
        identity=identity,
        mean_face=identity @ identity[-1],
        picture=np.concatenate([statistics[:, :views_of_a_person].mean(axis=1), 1 - length], axis=1),
        features=features[:, :views_of_a_person].mean(axis=1),
        probe=np.concatenate([from_person, between_probes], axis=1),
    )
    return whole.rows(np.arange(len(embedded) - 1))
