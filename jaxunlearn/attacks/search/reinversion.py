"""Bring a forgotten person back: their photo is inverted again, into the generator that forgot them.

Whoever has a photo of the person and the unlearned generator can do this. Memories of Forgotten Concepts
(Rusanovsky et al., CVPR 2025) did it with diffusion models.

`K` latents, `M` photos, `V` views, `L` rows of ws (num_ws), `D` w_dim.
"""

import dataclasses
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.draws import DISTRIBUTION, STARTS, USUAL, key_of, random_latents
from jaxunlearn.attacks.search.likeness import (
    alike_to_photos,
    any_accepts,
    distances,
    index_of_best,
    most_alike,
)
from jaxunlearn.evaluation.embedded_views import embeddings_of
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.generator import Generator
from jaxunlearn.photos.inversion.choice import default_method, encoder_for
from jaxunlearn.photos.inversion.images import encode
from jaxunlearn.photos.inversion.search import InversionSettings, search_latents

Figures = dict[str, Any]
Embeddings = dict[str, np.ndarray]

_CAMERAS = "compared with frontal pictures; a judge that needs landmarks expects them in their frontal places"


_LABELS = {
    "unlearned": "inverted again",
    "without_identity": "no identity loss",
    "source": "in the source",
    "stranger": "stranger",
}
"""Attempt → label of its pictures."""


@dataclasses.dataclass(frozen=True)
class ReinversionSettings:
    """How hard an attacker tries to find a photo's person.

    Attributes:
      steps: number of steps of each search.
      camera_steps: number of steps before them that look for the photo's camera alone.
      starts: number of searches without the encoder: the first starts from the mean face, the others from
        random people.
      batch: number of searches at a time.
      latents: number of random latents that say how likely the latent found is.
    """

    steps: int = 20
    camera_steps: int = 10
    starts: int = 2
    batch: int = 8
    latents: int = 1024

    def __post_init__(self) -> None:
        if min(self.steps, self.starts, self.batch) < 1 or self.latents < 2 or self.camera_steps < 0:
            raise ValueError(
                f"steps ({self.steps}), starts ({self.starts}) and batch ({self.batch}) must be at least 1, "
                f"latents ({self.latents}) at least 2 and camera_steps ({self.camera_steps}) at least 0"
            )

    @classmethod
    def at_depth(cls, depth: Depth) -> Self:
        """Return the settings of a depth: "quick" for a first look, "thorough" for a table."""
        if depth == "quick":
            return cls(steps=10, starts=1)
        if depth == "thorough":
            return cls(steps=60, starts=6)
        return cls()


class _Attempt(NamedTuple):
    """One photo, inverted into one generator by all methods."""

    generator: Generator
    photo: np.ndarray
    """`[R, R, 3]` in [-1, 1]."""
    encoded: np.ndarray | None
    """`[L, D]`, the encoder's latent of the photo; None without an encoder."""
    of_stranger: bool = False
    """True if the photo shows the stranger."""
    identity: bool = True
    """True if the search compares identities."""


class _Inverted(NamedTuple):
    """Latents that were found."""

    ws: jax.Array
    """`[K, L, D]`."""
    methods: list[str]
    """`[K]`, "encoder", "hybrid" or "search"."""
    perceptual: list[float | None]
    """`[K]`, LPIPS between the photo and the latent's image; None for "encoder", whose camera is unknown."""


class _Known(NamedTuple):
    """The judges' embeddings of the people that are looked for."""

    person: Embeddings
    """Name of a judge → `[1, V, E]`."""
    stranger: Embeddings
    """Name of a judge → `[1, V, E]`."""
    photos: Embeddings
    """Name of a judge → `[M - 1, 1, E]`, the photos that the attacker lacks; empty if there are none."""


def reinvert(
    attacked: Attacked,
    settings: ReinversionSettings | None = None,
    *,
    encoder: Encoder | None = None,
    progress: bool = True,
) -> Found:
    """Invert the person's first photo into the unlearned generator.

    "encoder" is one pass of the encoder. "hybrid" searches from the encoder's latent. "search" searches from
    the mean face and from random people. Without an encoder there is only "search".

    Args:
      attacked: the person and the unlearned generator.
      settings: number of steps and starts.
      encoder: estimates latents; None uses the one that suits the model, if there is one.
      progress: True shows progress bars.

    Returns:
      Figures of four attempts. `unlearned` is the attack. `without_identity` is the attack without the
      identity network in the search; it has no "encoder". There are two controls. `source` is the same photo
      in the source generator, and `stranger` is somebody else's photo in the unlearned one.

      Each attempt has figures by method. `accepted`: True if any judge finds the person. `judges`: for each
      judge `reinverted_id`, the highest similarity between the person in the source and what was found, both
      from the protocol's views; its `stranger_rank`; `accepted`; and all `values`.

      For `stranger`, the person of these figures is the stranger; `as_person` has the same against the
      forgotten person. For the other attempts, each judge has `other_photos`: the figures of
      `likeness.alike_to_photos` for the photos that the attacker lacks, if there are any.

      `latents`: for each latent `distance_from_mean` and `distance_from_w` in median radii, `sigmas` (how
      many standard deviations it is farther from the mean than random latents on average), `quantile` (share
      of random latents that are as near or nearer) and `perceptual` (LPIPS between the photo and its image;
      None for "encoder").

      The pictures: both photos, and of each attempt the latent that is most like its person, from the front.
    """
    settings = settings or ReinversionSettings()
    known = _measure(attacked)
    figures: Figures = {"settings": dataclasses.asdict(settings), "note_on_other_photos": _CAMERAS}
    pictures = {"photo": attacked.photos[0]}
    for name, attempt in _attempts(attacked, encoder).items():
        inverted = _invert(attacked, attempt, settings, progress)
        figures[name], shown = _figures(attacked, attempt, inverted, known, settings)
        pictures |= {f"{_LABELS[name]}, {method}": picture for method, picture in shown.items()}
    pictures["stranger's photo"] = attacked.stranger_photo
    return Found(figures, pictures)


def _attempts(attacked: Attacked, encoder: Encoder | None) -> dict[str, _Attempt]:
    photo, stranger = attacked.photos[0], attacked.stranger_photo
    models = dataclasses.replace(attacked.models, generator=attacked.unlearned)
    if encoder is None and default_method(models) == "hybrid":
        encoder = encoder_for(models)
    first, second = (None, None) if encoder is None else encode(encoder, np.stack([photo, stranger]), batch=2)
    return {
        "unlearned": _Attempt(attacked.unlearned, photo, first),
        "without_identity": _Attempt(attacked.unlearned, photo, first, identity=False),
        "source": _Attempt(attacked.models.generator, photo, first),
        "stranger": _Attempt(attacked.unlearned, stranger, second, of_stranger=True),
    }


def _invert(
    attacked: Attacked, attempt: _Attempt, settings: ReinversionSettings, progress: bool
) -> _Inverted:
    """Search from all starts at once; the encoder's latent comes first, if there is one."""
    models, generator = attacked.models, attempt.generator
    config, count = generator.config, settings.starts - 1
    mean = jnp.broadcast_to(attacked.reference.mean, (1, config.num_ws, config.w_dim))
    random = random_latents(generator, key_of(attacked.seed, STARTS), count) if count else mean[:0]
    encoded = [] if attempt.encoded is None else [attempt.encoded[None]]
    starts = np.concatenate([*encoded, mean, random])
    alone = encoded if attempt.identity else []  # the encoder has no identity loss to leave out
    search = InversionSettings(steps=settings.steps, camera_steps=settings.camera_steps, batch=settings.batch)
    found = search_latents(
        generator,
        np.repeat(attempt.photo[None], len(starts), axis=0),
        None,
        models.perceptual,
        models.identity,
        search if attempt.identity else dataclasses.replace(search, identity=0.0),
        key=key_of(attacked.seed, DISTRIBUTION),
        ws=starts,
        progress=progress,
    )
    return _Inverted(
        jnp.asarray(np.concatenate([*alone, found.ws])),
        ["encoder"] * len(alone) + ["hybrid"] * len(encoded) + ["search"] * settings.starts,
        [*(None for _ in alone), *found.perceptual.tolist()],
    )


def _measure(attacked: Attacked) -> _Known:
    own = attacked.embed_views(None, jnp.stack([attacked.ws, attacked.stranger_ws])).embeddings
    person, stranger = ({name: rows[k : k + 1] for name, rows in own.items()} for k in (0, 1))
    photos, photos_of = attacked.photos[1:], {}
    if len(photos):
        c = conditioning_view(attacked.models.generator.config, len(photos))
        batch = attacked.reference.settings.batch
        photos_of = embeddings_of(attacked.reference.judges, photos, c, batch)
    return _Known(person, stranger, photos_of)


def _figures(
    attacked: Attacked,
    attempt: _Attempt,
    inverted: _Inverted,
    known: _Known,
    settings: ReinversionSettings,
) -> tuple[Figures, dict[str, np.ndarray]]:
    """Return the figures of each method, and the picture of the latent that is most like the person."""
    reference = attacked.reference
    front = reference.embed_frontal(reference.renderer.with_generator(attempt.generator), inverted.ws)
    seen = attacked.embed_views(attempt.generator, inverted.ws).embeddings
    latents = _figures_of_latents(attacked, attempt, inverted, settings)
    figures, pictures = {}, {}
    for method in dict.fromkeys(inverted.methods):
        rows = np.flatnonzero([other == method for other in inverted.methods])
        some = {name: embedded[rows] for name, embedded in seen.items()}
        judges = _judged(attacked, known.stranger if attempt.of_stranger else known.person, some)
        figures[method] = {
            "accepted": any_accepts(judges),
            "judges": judges,
            "latents": [latents[k] for k in rows],
        }
        if attempt.of_stranger:
            as_person = _judged(attacked, known.person, some)
            figures[method]["as_person"] = {"accepted": any_accepts(as_person), "judges": as_person}
        elif known.photos:
            for judge in reference.judges:
                photos, alone = known.photos[judge.name][:, 0], front.embeddings[judge.name][rows, 0]
                judges[judge.name]["other_photos"] = alike_to_photos(judge, photos, alone)
        pictures[method] = front.images[rows[index_of_best(judges[reference.judge.name]["values"])], 0]
    return figures, pictures


def _judged(attacked: Attacked, own: Embeddings, found: Embeddings) -> dict[str, Figures]:
    compared = attacked.compared(own, found)
    return {name: most_alike(pairs, "reinverted_id") for name, pairs in compared.items()}


def _figures_of_latents(
    attacked: Attacked, attempt: _Attempt, inverted: _Inverted, settings: ReinversionSettings
) -> list[Figures]:
    reference = attacked.reference
    random = random_latents(attempt.generator, key_of(attacked.seed, USUAL), settings.latents)
    usual = distances(random, reference.mean)
    from_mean = distances(inverted.ws, reference.mean)
    from_w = distances(inverted.ws, attacked.stranger_ws if attempt.of_stranger else attacked.ws)
    return [
        {
            "distance_from_mean": float(far / reference.median_radius),
            "distance_from_w": float(from_w[k] / reference.median_radius),
            "sigmas": float((far - usual.mean()) / usual.std(ddof=1)),
            "quantile": float(np.mean(usual <= far)),
            "perceptual": inverted.perceptual[k],
        }
        for k, far in enumerate(from_mean)
    ]
