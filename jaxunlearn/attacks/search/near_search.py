"""Look for a forgotten person near their latent, by gradient ascent through the identity network of the loss.

The judges take no part in the search: they only measure what it found.

`N` searches, `V` views, `L` rows of ws (num_ws), `D` w_dim, `E` size of an embedding.
"""

import dataclasses
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.draws import STARTS, key_of, random_latents
from jaxunlearn.attacks.search.ascent import Ascended, Ascent
from jaxunlearn.attacks.search.likeness import any_accepts, distances, finite, index_of_best, most_alike
from jaxunlearn.methods.latents import adjacent_offsets
from jaxunlearn.models.generator import Generator

Figures = dict[str, Any]

_LABELS = {"forgotten": "search at their latent", "stranger": "search at a stranger's"}
"""Centre → label of its pictures."""


@dataclasses.dataclass(frozen=True)
class NearSettings:
    """How hard an attacker searches near the latent of the forgotten person.

    Attributes:
      radii: radii of the balls, in median radii; the norm is over all rows of ws.
      steps: number of steps of Adam.
      starts: number of searches in each ball; the first starts from the centre.
      views: number of the protocol's views that the search sees, spread evenly.
      learning_rate: rate of Adam, in standard deviations of w; falls to 0 as a cosine.
      samples: number of random latents that estimate these deviations.
      batch: number of searches at a time.
    """

    radii: tuple[float, ...] = (0.5, 1.0)
    steps: int = 20
    starts: int = 1
    views: int = 2
    learning_rate: float = 0.2
    samples: int = 4096
    batch: int = 8

    def __post_init__(self) -> None:
        if min(self.steps, self.starts, self.views, self.batch) < 1 or self.samples < 2:
            raise ValueError(
                f"steps ({self.steps}), starts ({self.starts}), views ({self.views}) and batch "
                f"({self.batch}) must be at least 1, and samples ({self.samples}) at least 2"
            )
        if not self.radii or min(self.radii) <= 0 or self.learning_rate <= 0:
            raise ValueError(f"radii ({self.radii}) and learning_rate ({self.learning_rate}) must be above 0")

    @classmethod
    def at_depth(cls, depth: Depth) -> Self:
        """Return the settings of a depth: "quick" for a first look, "thorough" for a table."""
        if depth == "quick":
            return cls(steps=10)
        if depth == "thorough":
            return cls(steps=100, starts=4, views=3)
        return cls()


def search_near(attacked: Attacked, settings: NearSettings | None = None, *, progress: bool = True) -> Found:
    """Look for the person in the unlearned generator, within balls around their latent.

    The search maximises the similarity to the person in the source, to the identity network of the loss. The
    latent stays in W+, all rows of ws may differ.

    Args:
      attacked: the person and the unlearned generator.
      settings: radii, number of steps and starts.
      progress: True shows a progress bar.

    Returns:
      Figures of two centres. `forgotten` searches around the person's latent. The control `stranger` searches
      for the same person around the stranger's latent: so much is found anywhere. Each has `at_centre` (no
      search), and `within`, a list with figures for each radius. `accepted`: True if any judge finds the
      person. `judges`: for each judge `search_id`, the highest similarity between the person in the source
      and what was found, both from the protocol's views; its `stranger_rank`; `accepted`; and the `values` of
      all starts. `loss_network`: its similarities `at_start` and `found`, from the search's views.
      `distances`: from the centre, in median radii.

      The pictures are of the unlearned generator, from the middle view: the centres, and the latent of each
      ball that is most like the person.
    """
    settings = settings or NearSettings()
    ascent = Ascent(
        attacked,
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        views=settings.views,
        samples=settings.samples,
        batch=settings.batch,
    )
    own = attacked.embed_views(None, attacked.ws[None]).embeddings
    centres = {"forgotten": attacked.ws, "stranger": attacked.stranger_ws}
    figures: Figures = {"settings": {**dataclasses.asdict(settings), "radii": list(settings.radii)}}
    pictures = {}
    with tqdm(
        total=len(centres) * ascent.evaluations(len(settings.radii) * settings.starts),
        desc="search near the latent",
        disable=not progress,
    ) as bar:
        for name, centre in centres.items():
            radii = attacked.reference.median_radius * np.repeat(settings.radii, settings.starts)
            starts = starts_around(attacked, centre, radii, settings.starts)
            found = ascent(centre, starts, jnp.asarray(radii), bar.update)
            figures[name], best = _figures(attacked, own, centre, found, settings)
            for radius, latent in zip((0.0, *settings.radii), (centre, *best), strict=True):
                label = f"{_LABELS[name]}, {f'within {radius:g}' if radius else 'no search'}"
                pictures[label] = _middle(attacked, attacked.unlearned, latent)
    return Found(figures, pictures)


def starts_around(attacked: Attacked, centre: jax.Array, radii: np.ndarray, starts: int) -> jax.Array:
    """Return the offsets from the centre `[N, L, D]` at which searches start.

    The first start of each ball is the centre itself. The others lie half-way to its surface, towards random
    people.

    Args:
      attacked: its seed draws the random people.
      centre: `[L, D]`.
      radii: `[N]`.
      starts: number of starts in each ball; N is a multiple of it.
    """
    random = random_latents(attacked.unlearned, key_of(attacked.seed, STARTS), len(radii))
    inner = np.where(np.arange(len(radii)) % starts == 0, 0.0, radii / 2)
    return adjacent_offsets(centre, random, jnp.asarray(inner, jnp.float32))


def _middle(attacked: Attacked, generator: Generator, ws: jax.Array | np.ndarray) -> np.ndarray:
    reference = attacked.reference
    middle = len(reference.views) // 2
    renderer = reference.renderer.with_generator(generator)
    return np.clip(renderer(jnp.asarray(ws)[None], reference.views[middle : middle + 1]).image[0], -1, 1)


def _figures(
    attacked: Attacked,
    own: dict[str, np.ndarray],
    centre: jax.Array,
    found: Ascended,
    settings: NearSettings,
) -> tuple[Figures, list[np.ndarray]]:
    """Return the figures of one centre, and for each radius the latent that is most like the person."""
    ws = np.concatenate([np.asarray(centre)[None], found.ws])
    seen = attacked.embed_views(attacked.unlearned, jnp.asarray(ws))
    compared = attacked.compared(own, seen.embeddings)

    def judged(rows: slice) -> Figures:
        judges = {name: most_alike(pairs[rows], "search_id") for name, pairs in compared.items()}
        return {"accepted": any_accepts(judges), "judges": judges}

    far = distances(found.ws, centre) / attacked.reference.median_radius
    within, best = [], []
    for k, radius in enumerate(settings.radii):
        rows = slice(k * settings.starts, (k + 1) * settings.starts)
        figures = judged(slice(rows.start + 1, rows.stop + 1))
        values = figures["judges"][attacked.reference.judge.name]["values"]
        best.append(found.ws[rows][index_of_best(values)])
        within.append(
            {
                "radius": radius,
                **figures,
                "loss_network": {
                    "at_start": finite(found.at_start[rows]),
                    "found": finite(found.similarity[rows]),
                },
                "distances": far[rows].tolist(),
            }
        )
    return {"at_centre": judged(slice(0, 1)), "within": within}, best
