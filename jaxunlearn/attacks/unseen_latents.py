"""Look for a forgotten person at latents that training did not draw: new noise, and rows of somebody else.

`S` changes of a kind, `V` views, `L` rows of ws (num_ws), `D` w_dim, `E` size of an embedding.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.rules import CHANGES, Change, found_at_unseen_latents
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import count_true, mean, negated
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.renderer import Renderer

Embeddings = Mapping[str, np.ndarray]
"""Name of a judge → `[S, V, E]`."""


@dataclasses.dataclass(frozen=True)
class UnseenSettings:
    """How many changed latents of the person are tried.

    Attributes:
      noise_draws: number of draws of the synthesis noise.
      partners: number of other people whose rows are mixed in.
    """

    noise_draws: int = 2
    partners: int = 2

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
    attacked: Attacked, settings: UnseenSettings | None = None, *, progress: bool = True
) -> Found:
    """Ask all judges for the person at changed latents of theirs.

    "noise" draws the noise of the synthesis anew, where training had the generator's fixed noise.
    "first_rows" takes the first half of the rows of ws from somebody else, which decide about shapes.
    "last_rows" takes the other half, which decide more about colours. Such latents lie outside W, where
    training has no latents, and photos are inverted to there.

    There are two controls: the changed latents in the source, and those of strangers in the unlearned
    generator. Each change is of another stranger. Of the random people of the reference, whom
    `config.evaluation.seed` draws, the first lend their rows, and those after them are the strangers.

    Args:
      attacked: the person and the generator. Its seed draws the noise.
      settings: numbers of changed latents.
      progress: True shows a progress bar.

    Returns:
      Figures: for each kind of change `judges`, the figures of `figures_of_changes`. `forgotten`: True if no
      judge finds the person at more changed latents than chance and strangers explain, see
      `rules.found_at_unseen_latents`. It is None if no judge finds them in the source either, since then
      there was nothing to forget. `settings`, and the seed with them. There are no pictures.

    Raises:
      InputError: if there are too few random people.
    """
    settings = settings or UnseenSettings()
    reference, ws = attacked.reference, jnp.asarray(attacked.ws)[None]
    lenders = reference.random.ws
    if settings.partners + settings.strangers > len(lenders):
        raise InputError(
            f"partners ({settings.partners}) and a stranger for each change ({settings.strangers}) "
            f"are too many: the reference has {len(lenders)} people"
        )
    source, unlearned = reference.renderer, reference.renderer.with_generator(attacked.unlearned)
    others = lenders[settings.partners :][: settings.strangers]
    repeated = jnp.repeat(ws, settings.strangers, axis=0)
    own = attacked.embed_views(None, ws).embeddings
    looks = [(unlearned, others), (source, repeated), (unlearned, repeated)]
    strangers, before, after = (
        _changed(reference, renderer, latents, settings, attacked.seed)
        for renderer, latents in tqdm(looks, desc="unseen latents", unit="look", disable=not progress)
    )
    figures: dict[str, Any] = {
        change: {
            "judges": {
                judge.name: figures_of_changes(
                    judge, own[judge.name], *(seen[change][judge.name] for seen in (before, after, strangers))
                )
                for judge in reference.judges
            }
        }
        for change in CHANGES
    }
    found = found_at_unseen_latents(figures[change]["judges"] for change in CHANGES)
    figures["forgotten"] = negated(found)
    figures["settings"] = {**dataclasses.asdict(settings), "seed": attacked.seed}
    return Found(figures, {})


def with_rows(ws: jax.Array, lenders: jax.Array, change: Change) -> jax.Array:
    """Return latents `[S, L, D]` with half of the rows of each taken from that of `lenders`, `[S, L, D]`."""
    rows = jnp.arange(ws.shape[1])
    taken = rows < len(rows) // 2 if change == "first_rows" else rows >= len(rows) // 2
    return jnp.where(taken[:, None], lenders, ws)


def _changed(
    reference: Reference, renderer: Renderer, ws: jax.Array, settings: UnseenSettings, seed: int
) -> dict[Change, Embeddings]:
    """Show changed latents to all judges; change `s` is of `ws[s]`, `[S, L, D]`."""
    lenders = reference.random.ws[: settings.partners]
    mixed = [with_rows(ws[: settings.partners], lenders, change) for change in CHANGES[1:]]
    fixed = reference.embed_views(renderer, jnp.concatenate(mixed)).embeddings
    noisy = renderer.with_random_noise(seed)
    return {
        "noise": reference.embed_views(noisy, ws[: settings.noise_draws]).embeddings,
        "first_rows": {name: rows[: settings.partners] for name, rows in fixed.items()},
        "last_rows": {name: rows[settings.partners :] for name, rows in fixed.items()},
    }


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
