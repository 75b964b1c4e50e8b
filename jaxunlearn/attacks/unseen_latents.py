"""Look for a forgotten person at latents that training did not draw: new noise, and rows of somebody else.

`N` people, `S` changes of a kind, `V` views, `L` rows of ws (num_ws), `D` w_dim, `E` size of an embedding.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.rules import KINDS, Kind, found_at_unseen_latents
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import count_true, mean, negated
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer

Embeddings = Mapping[str, np.ndarray]
"""Name of a judge → `[S, V, E]`."""


@dataclasses.dataclass(frozen=True)
class UnseenSettings:
    """How many changed latents of each person are tried.

    Attributes:
      noise_draws: number of draws of the synthesis noise.
      partners: number of other people whose rows are mixed in.
      seed: of the noise.
    """

    noise_draws: int = 2
    partners: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.noise_draws, self.partners) < 1:
            raise ValueError(
                f"noise_draws ({self.noise_draws}) and partners ({self.partners}) must be at least 1"
            )

    @property
    def strangers(self) -> int:
        """Number of other people whose latents are changed in the same ways: one for each change."""
        return max(self.noise_draws, self.partners)

    @classmethod
    def at_depth(cls, depth: Depth) -> Self:
        """Return the settings of a depth: "quick" for a first look, "thorough" for a table."""
        draws = {"quick": 1, "standard": 2, "thorough": 8}[depth]
        return cls(noise_draws=draws, partners=draws)


def unseen_latents(
    reference: Reference,
    unlearned: Generator,
    ws: jax.Array,
    settings: UnseenSettings | None = None,
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Ask all judges for a person at changed latents of theirs.

    "noise" draws the noise of the synthesis anew, where training had the generator's fixed noise.
    "first_rows" takes the first half of the rows of ws from somebody else, which decide about shapes.
    "last_rows" takes the other half, which decide more about colours. Such latents lie outside W, where
    training has no latents, and photos are inverted to there.

    There are two controls: the changed latents in the source, and those of strangers in the unlearned
    generator. Each change is of another stranger.

    Args:
      reference: the measured source. Of its random people, whom `config.evaluation.seed` draws, the first
        lend their rows, and those after them are the strangers.
      unlearned: the same generator after unlearning.
      ws: `[N, L, D]`, the forgotten people.
      settings: numbers of changed latents.
      progress: True shows a progress bar.

    Returns:
      `people`: for each person and kind `judges`, the figures of `figures_of_changes`, and for each person
      `forgotten`. It is True if no judge finds the person at more changed latents than chance and strangers
      explain, see `rules.found_at_unseen_latents`. It is None if no judge finds them in the source either,
      since then there was nothing to forget. `forgotten`: the number of people for whom it is True. `judged`:
      the number of people for whom it is not None. `settings`.

    Raises:
      InputError: if `ws` are not latents of the generator, or there are too few random people.
    """
    settings = settings or UnseenSettings()
    ws = jnp.asarray(ws)
    lenders = reference.random.ws
    if ws.shape[1:] != lenders.shape[1:] or not len(ws):
        wanted = ", ".join(map(str, lenders.shape[1:]))
        raise InputError(f"ws has shape {list(ws.shape)}; give latents as [N, {wanted}]")
    if settings.partners + settings.strangers > len(lenders):
        raise InputError(
            f"partners ({settings.partners}) and a stranger for each change ({settings.strangers}) "
            f"are too many: the reference has {len(lenders)} people"
        )
    after = reference.renderer.with_generator(unlearned)
    strangers = _changed(reference, after, lenders[settings.partners :][: settings.strangers], settings)
    people = [
        _figures_of_person(reference, after, person, strangers, settings)
        for person in tqdm(ws, desc="unseen latents", unit="person", disable=not progress)
    ]
    return {
        "forgotten": sum(person["forgotten"] is True for person in people),
        "judged": sum(person["forgotten"] is not None for person in people),
        "people": people,
        "settings": dataclasses.asdict(settings),
    }


def with_rows(ws: jax.Array, lenders: jax.Array, kind: Kind) -> jax.Array:
    """Return latents `[S, L, D]` with half of the rows of each taken from that of `lenders`, `[S, L, D]`."""
    rows = jnp.arange(ws.shape[1])
    taken = rows < len(rows) // 2 if kind == "first_rows" else rows >= len(rows) // 2
    return jnp.where(taken[:, None], lenders, ws)


def _changed(
    reference: Reference, renderer: Renderer, ws: jax.Array, settings: UnseenSettings
) -> dict[Kind, Embeddings]:
    """Show changed latents to all judges; change `s` is of `ws[s]`, `[S, L, D]`."""
    lenders = reference.random.ws[: settings.partners]
    mixed = [with_rows(ws[: settings.partners], lenders, kind) for kind in KINDS[1:]]
    fixed = _embedded(reference, renderer, jnp.concatenate(mixed))
    noisy = renderer.with_random_noise(settings.seed)
    return {
        "noise": _embedded(reference, noisy, ws[: settings.noise_draws]),
        "first_rows": {name: rows[: settings.partners] for name, rows in fixed.items()},
        "last_rows": {name: rows[settings.partners :] for name, rows in fixed.items()},
    }


def _figures_of_person(
    reference: Reference,
    unlearned: Renderer,
    ws: jax.Array,
    strangers: Mapping[Kind, Embeddings],
    settings: UnseenSettings,
) -> dict[str, Any]:
    own = _embedded(reference, reference.renderer, ws[None])
    repeated = jnp.repeat(ws[None], settings.strangers, axis=0)
    before, after = (
        _changed(reference, renderer, repeated, settings) for renderer in (reference.renderer, unlearned)
    )
    kinds = {
        kind: {
            "judges": {
                judge.name: figures_of_changes(
                    judge,
                    own[judge.name],
                    before[kind][judge.name],
                    after[kind][judge.name],
                    strangers[kind][judge.name],
                )
                for judge in reference.judges
            }
        }
        for kind in KINDS
    }
    found = found_at_unseen_latents(figures["judges"] for figures in kinds.values())
    return {**kinds, "forgotten": negated(found)}


def _embedded(reference: Reference, renderer: Renderer, ws: jax.Array) -> Embeddings:
    return reference.embed_views(renderer, ws).embeddings


def figures_of_changes(
    judge: CalibratedJudge, own: np.ndarray, before: np.ndarray, after: np.ndarray, strangers: np.ndarray
) -> dict[str, Any]:
    """Compare a person with changed latents of theirs.

    Args:
      judge: who compares.
      own: `[1, V, E]`, the person's own latent in the source.
      before: `[S, V, E]`, the changed latents in the source.
      after: `[S, V, E]`, the changed latents in the unlearned generator.
      strangers: `[S, V, E]`, latents of strangers there, changed in the same ways.

    Returns:
      `id`, `id_max`: the person before against the changed latents after, mean and maximum. `source`: the
      person against the changed latents in the source; it is the control, since a changed latent may not be
      the person in the first place. `same_latent`: the changed latents before and after. `threshold`: from
      this similarity on, two people count as one. `accepted`, `accepted_in_source`: number of changes at
      which the judge finds the person. `accepted_of_strangers`: number of the strangers' changed latents that
      it takes for the person. `changes`: number of all. A figure is None where no face was found, or no
      threshold is known.
    """
    to_person, control = judge.similarity(own, after), judge.similarity(own, before)
    return {
        "id": mean(to_person),
        "id_max": max((float(value) for value in to_person if not np.isnan(value)), default=None),
        "source": mean(control),
        "same_latent": mean(judge.similarity(before, after)),
        "threshold": judge.threshold("views"),
        "accepted": _number_accepted(judge, to_person),
        "accepted_in_source": _number_accepted(judge, control),
        "accepted_of_strangers": _number_accepted(judge, judge.similarity(own, strangers)),
        "changes": len(to_person),
    }


def _number_accepted(judge: CalibratedJudge, similarities: np.ndarray) -> int | None:
    return count_true(judge.accepts(value) for value in similarities)
