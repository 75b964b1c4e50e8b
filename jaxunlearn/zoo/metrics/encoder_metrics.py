"""Errors of an encoder's latents and reconstructions, for the loss and for held-out people.

`B` images in a batch, `L` rows of ws, `D` w_dim, `R` pixels a side.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.images import grid, to_uint8
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.identity import IdentityNetwork
from jaxunlearn.zoo.training.encoder_data import Album
from jaxunlearn.zoo.training.identity_data import to_range
from jaxunlearn.zoo.training.trainer import rounded
from lpips_flax import LPIPS

CHUNK = 16
"""Photographs reconstructed at a time."""
VIEWS = 2
"""Photographs of each held-out person that are evaluated."""


class Networks(NamedTuple):
    """All arrays that stay as they are.

    They are arguments of the compiled functions: as constants they would be folded, which takes minutes.
    """

    generator: nnx.State
    perceptual: LPIPS
    identity: IdentityNetwork
    variance: jax.Array
    """Variance of w, summed over its numbers."""

    w_avg: jax.Array


@dataclasses.dataclass(frozen=True)
class Reconstructor:
    """From photographs to latents, and from latents to images.

    Attributes:
      encoder: the encoder.
      generator: graph of the generator, whose arrays are in `networks`.
      networks: all arrays that stay.
      compute: forms and dtype of the rendering.
    """

    encoder: Encoder
    generator: nnx.GraphDef[TriPlaneGenerator]
    networks: Networks
    compute: Compute

    def reconstruct(self, album: Album) -> tuple[np.ndarray, np.ndarray]:
        """Encode the first `VIEWS` photographs of each person, and render their latents.

        Returns:
          Latents `[M, L, D]` of the `M` photographs, and images `[M, R, R, 3]` in [-1, 1] from their cameras.
        """
        image, camera = (x[:, :VIEWS].reshape(-1, *x.shape[2:]) for x in (album.image, album.camera))
        results = []
        for start in range(0, len(image), CHUNK):
            block = np.arange(start, start + CHUNK).clip(max=len(image) - 1)  # one compiled shape
            out = _reconstruct(
                self.generator, self.encoder, self.networks, image[block], camera[block], self.compute
            )
            results.append([np.asarray(x)[: len(image) - start] for x in out])
        ws, images = (np.concatenate(kind) for kind in zip(*results, strict=True))
        return ws, images


@functools.partial(jax.jit, static_argnames=("graph", "compute"))
def _reconstruct(
    graph: nnx.GraphDef,
    encoder: Encoder,
    networks: Networks,
    image: jax.Array,
    c: jax.Array,
    compute: Compute,
) -> tuple[jax.Array, jax.Array]:
    ws = encoder.encode(to_range(image))
    return ws, nnx.merge(graph, networks.generator).synthesis(ws, c, compute=compute).image


def latent_error(ws: jax.Array, wanted: jax.Array, variance: jax.Array) -> jax.Array:
    """Return the squared error of latents as a share of the variance of w.

    In standardised coordinates all directions of w count alike. Training began far more slowly with them,
    because most directions hardly vary, and nobody sees them.

    Args:
      ws: `[B, L, D]`.
      wanted: `[B, L, D]`.
      variance: variance of w, summed over its numbers; the error of the mean latent is 1 on average.

    Returns:
      `[B]`.
    """
    return jnp.mean(jnp.sum(jnp.square(ws - wanted), axis=-1), axis=-1) / variance


def image_distances(
    image: jax.Array, wanted: jax.Array, perceptual: LPIPS, identity: IdentityNetwork
) -> dict[str, jax.Array]:
    """Return three distances `[B]` between images `[B, R, R, 3]` in [-1, 1] and the wanted ones."""
    return {
        "squared": jnp.mean(jnp.square(image - wanted), axis=(1, 2, 3)),
        "perceptual": perceptual(image, wanted),
        "identity": identity_distance(identity.embed(image), identity.embed(wanted)),
    }


def first_people(albums: Mapping[str, Album], people: int | None) -> dict[str, Album]:
    """Return the albums (scenario → album) of the first `people` of each; of all of them for None."""
    return {
        scenario: Album(*(x[:people] for x in album[:4]), known=album.known)
        for scenario, album in albums.items()
    }


def evaluate(
    reconstructor: Reconstructor, albums: Mapping[str, Album], judge: IdentityNetwork
) -> dict[str, dict[str, float]]:
    """Evaluate an encoder on held-out people, scenario by scenario.

    Returns:
      For each scenario `perceptual` (LPIPS), `squared` (of images in [-1, 1]) and `identity` (cosine, by the
      judge) between photograph and reconstruction; `latents`, the `latent_error`, where latents are known.
    """
    measure = jax.jit(image_distances)
    networks = reconstructor.networks
    generator = nnx.merge(reconstructor.generator, networks.generator)
    figures = {}
    for scenario, album in albums.items():
        ws, images = reconstructor.reconstruct(album)
        wanted = to_range(album.wanted[:, :VIEWS].reshape(images.shape))
        distances = measure(jnp.asarray(images), wanted, networks.perceptual, judge)
        means = {name: float(jnp.mean(value)) for name, value in distances.items()}
        means["identity"] = 1 - means["identity"]
        if album.known:
            z = jnp.repeat(jnp.asarray(album.z), VIEWS, axis=0)
            true_ws = generator.mapping(z, conditioning_view(generator.config, len(z)))
            means["latents"] = float(latent_error(jnp.asarray(ws), true_ws, networks.variance).mean())
        figures[scenario] = rounded(means)
    return figures


def picture(reconstructor: Reconstructor, albums: Mapping[str, Album]) -> np.ndarray:
    """Draw two rows a scenario, photographs above reconstructions: `[H, W, 3]` uint8."""
    rows, people = [], 0
    for album in albums.values():
        _, images = reconstructor.reconstruct(album)
        rows += [album.image[:, :VIEWS].reshape(images.shape), to_uint8(images)]
        people = len(album.z)
    return grid(np.concatenate(rows), people * VIEWS)
