"""From photos to latents and people: files are read, framed and inverted. `N` photos.

inverted = jaxunlearn.invert(models, "photos/")
inverted.ws, inverted.c                                  # latents and cameras
jaxunlearn.unlearn(models, inverted.people, config, workdir="runs/them")
"""

import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.inversion.choice import EncoderInput, Method, way_of_inverting
from jaxunlearn.photos.inversion.given_photos import GivenPhotos, PhotoSource
from jaxunlearn.photos.inversion.plan import invert_planned, people_in, plan_inversion, plan_people
from jaxunlearn.photos.inversion.search import Inversion, InversionSettings
from jaxunlearn.photos.people import People
from jaxunlearn.photos.sources import Photographs
from jaxunlearn.process.jax_settings import pinned_settings

KnownLatents = Callable[[People], np.ndarray | None]
"""Function from people whose `ws` are not known yet to ws `[K, L, D]` that were found in the same photos in
the same way; or to None."""


@dataclasses.dataclass(frozen=True, eq=False)
class InvertedPhotos:
    """Photos with their latents.

    Attributes:
      photos: the photos that were inverted, and those that were left out with a reason.
      inversion: the latents, and how similar their images are to the photos.
      method: how the photos were inverted.
      encoder: name of the encoder, if there was one.
      encoder_input: what the encoder was given.
      settings: settings of the search.
      seconds: duration of the inversion.
    """

    photos: Photographs
    inversion: Inversion
    method: Method
    encoder: str | None
    encoder_input: EncoderInput
    settings: InversionSettings
    seconds: float

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each photo, such as `ada/1.png`."""
        return self.photos.names

    @property
    def images(self) -> np.ndarray:
        """The photos as the generator would show them, `[N, R, R, 3]` float32 in [-1, 1]."""
        return self.photos.images

    @property
    def ws(self) -> np.ndarray:
        """The latents, `[N, num_ws, w_dim]` float32."""
        return self.inversion.ws

    @property
    def c(self) -> np.ndarray:
        """The estimated cameras, `[N, 25]` float32."""
        return self.inversion.c

    @property
    def people(self) -> People:
        """The photos as people for `jaxunlearn.unlearn`, each of them a person with a label of its own."""
        way = way_of_inverting(self.method, self.encoder, self.encoder_input, self.settings)
        return dataclasses.replace(people_in(self.photos, way), ws=self.ws)


@pinned_settings()
def invert(
    models: Models,
    photos: GivenPhotos,
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    steps: int | None = None,
    batch: int | None = None,
    mesh: Mesh | None = None,
    compute: Compute | None = None,
    progress: bool = True,
) -> InvertedPhotos:
    """Find the latents and cameras of photos that are framed as the generator's images.

    Args:
      models: the generator, with LPIPS and identity network of the loss.
      photos: pictures, folders of pictures or of people's folders, tables, `tfds:NAME[split]`; or images
        `[N, R, R, 3]` of the generator's resolution, in [-1, 1] or uint8 as `render` returns them, or a list
        of such `[R, R, 3]`.
      method: "encoder" is one pass of an encoder, "optimize" a search from the mean face, "hybrid" a search
        that starts from the encoder's latents. None takes "hybrid" with an encoder, else "optimize".
      encoder: an encoder or its file; None takes the one that suits the model. "optimize" takes none.
      encoder_input: "crop" gives the encoder the same image as the loss, "file" the whole file.
      steps: number of steps of the search; None takes 40, or 20 for "hybrid".
      batch: number of photos at a time, 8 by default; more need more memory.
      mesh: devices that share each batch, along the axis "sample"; see `make_mesh`. None uses one device.
      compute: dtype and forms; None takes what is fastest on this platform.
      progress: True shows bars, of the search and of reading if that takes long.

    Raises:
      InputError: if no photo can be used, an encoder is needed and there is none, or options are unknown, no
        whole numbers, or contradict each other; before the long part.
      ValueError: if images have another shape, type or range.

    Warns:
      UserWarning: for each photo that is left out; if images look as if they were in [0, 1].
    """
    plan = plan_inversion(
        models,
        photos,
        method=method,
        encoder=encoder,
        encoder_input=encoder_input,
        steps=steps,
        batch=batch,
        progress=progress,
    )
    began = time.perf_counter()
    inversion = invert_planned(models, plan, mesh=mesh, compute=compute, progress=progress)
    seconds = time.perf_counter() - began
    return InvertedPhotos(
        plan.photos, inversion, plan.how.method, plan.how.encoder, encoder_input, plan.settings, seconds
    )


@pinned_settings()
def people_from_photos(
    models: Models,
    sources: PhotoSource | Sequence[PhotoSource],
    *,
    method: Method | None = None,
    encoder: PhotoSource | Encoder | None = None,
    encoder_input: EncoderInput = "crop",
    compute: Compute | None = None,
    known: KnownLatents | None = None,
    progress: bool = True,
) -> People:
    """Return the people in photos; each photo counts as a person.

    Args:
      models: the generator and its networks.
      sources: one or several sources of photos, see `invert`.
      method: see `invert`.
      encoder: see `invert`.
      encoder_input: see `invert`.
      compute: see `invert`.
      known: returns latents that an earlier call found, with which nothing is inverted, or None.
      progress: see `invert`.

    Raises:
      InputError: if a source has no photo that can be used, or an encoder is needed and there is none; before
        any photo is inverted.

    Warns:
      UserWarning: for each photo that is left out.
    """
    plan = plan_people(
        models, sources, method=method, encoder=encoder, encoder_input=encoder_input, progress=progress
    )
    people = plan.people
    if known is not None and (ws := known(people)) is not None:
        return dataclasses.replace(people, ws=ws)
    inversion = invert_planned(models, plan, compute=compute, progress=progress)
    return dataclasses.replace(people, ws=inversion.ws)
