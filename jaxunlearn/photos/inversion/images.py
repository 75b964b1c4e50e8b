"""Invert images by one of three methods, see `choice`.

`N` images, `L` rows of ws (num_ws), `D` w_dim, `R` img_resolution.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.batching import in_batches
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import Method, encoder_for, settings_for
from jaxunlearn.photos.inversion.search import EachBatch, Inversion, InversionSettings, search_latents


@jax.jit
def _encode(encoder: Encoder, images: jax.Array) -> jax.Array:
    return encoder.encode(images)


def encode(encoder: Encoder, images: np.ndarray, *, batch: int = 8) -> np.ndarray:
    """Return the latents `[N, L, D]` of images `[N, R, R, 3]` in [-1, 1]."""
    return in_batches(lambda rows: _encode(encoder, jnp.asarray(rows)), batch, images)


def invert_photographs(
    models: Models,
    images: np.ndarray,
    method: Method,
    *,
    encoder: Encoder | None = None,
    encoder_images: np.ndarray | None = None,
    settings: InversionSettings | None = None,
    rows: Sequence[int] | None = None,
    each: EachBatch | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> Inversion:
    """Find the latents of images whose cameras are unknown.

    Args:
      models: the generator, with LPIPS and identity network of the loss.
      images: `[N, R, R, 3]` in [-1, 1].
      method: see `choice.Method`.
      encoder: the encoder of "encoder" and "hybrid"; None takes that of `encoder_for`.
      encoder_images: `[N, S, S, 3]`, what the encoder is given in their place; None gives it `images`.
      settings: settings of the search; None takes `settings_for(method, models)`.
      rows: see `search.search_latents`, as all but the last that follow. The encoder is given all images.
      each: see there.
      mesh: see there.
      compute: see there.
      progress: True shows a bar.

    Raises:
      InputError: if an encoder is needed and there is none.
      ValueError: if the images do not have the generator's resolution.
    """
    ws = None
    if method != "optimize":
        ws = encode(encoder or encoder_for(models), images if encoder_images is None else encoder_images)
    return search_latents(
        models.generator,
        images,
        None,
        models.perceptual,
        models.identity,
        settings or settings_for(method, models),
        key=jax.random.key(0),
        ws=ws,
        rows=rows,
        each=each,
        mesh=mesh,
        compute=compute,
        progress=progress,
    )
