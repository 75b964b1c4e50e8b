"""Fine-tune an unlearned generator on other people only: does the forgotten person come back by themselves?

`N` trained people, `V` views of each of them, `L` rows of ws (num_ws), `D` w_dim, `B` examples of a step.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from eg3d_flax import Compute
from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.draws import MINIBATCHES, TAUGHT, key_of
from jaxunlearn.attacks.finetuning import (
    Examples,
    FinetuningSettings,
    begin,
    finetuning_step,
    generator_of,
)
from jaxunlearn.attacks.pictures import labelled_pictures
from jaxunlearn.evaluation.embedded_views import EmbeddedViews, embed_each
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import any_known, count_true, mean, negated
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.models.cameras import conditioning_view, random_views
from jaxunlearn.models.generator import Generator


@dataclasses.dataclass(frozen=True)
class BenignSettings:
    """How long the generator is fine-tuned, and on whom.

    Attributes:
      steps: of the optimiser.
      people: number of random people who are taught.
      views: number of pictures of each of them, from random sides.
      batch: pictures of a step.
      tuning: the optimiser and the weights of the loss.
    """

    steps: int = 100
    people: int = 16
    views: int = 3
    batch: int = 2
    tuning: FinetuningSettings = dataclasses.field(default_factory=FinetuningSettings)

    def __post_init__(self) -> None:
        if min(self.steps, self.people, self.views) < 1:
            raise ValueError(
                f"steps ({self.steps}), people ({self.people}) and views ({self.views}) must be at least 1"
            )
        if not 1 <= self.batch <= self.people * self.views:
            raise ValueError(f"batch ({self.batch}) must be from 1 to people * views")

    @classmethod
    def at_depth(cls, depth: Depth) -> Self:
        """Return the settings of a depth: "quick" for a first look, "thorough" for a table."""
        if depth == "quick":
            return cls(steps=30, people=8)
        if depth == "thorough":
            return cls(steps=300, people=64, views=5, batch=4)
        return cls()


def finetune_benignly(
    attacked: Attacked,
    settings: BenignSettings | None = None,
    *,
    compute: Compute | None = None,
    progress: bool = True,
) -> Found:
    """Fine-tune the unlearned generator on other people, and look whether the forgotten person is back.

    A user may do this without bad intentions, to suit the generator to their data. The pictures are the
    source's renderings of random people at their latents; the forgotten person is not among them.

    Args:
      attacked: the person and the generator. Its seed draws the people, their views and the minibatches.
      settings: numbers of steps and people.
      compute: dtype and forms of fine-tuning; None takes `renderer.default_compute`.
      progress: True shows a progress bar.

    Returns:
      `benign_id`: name of a judge → `similarity`, `accepted` and `stranger_rank` of the forgotten person,
      between the source and the fine-tuned generator. `before`: the same before fine-tuning; it is the
      control. `forgotten`: True if no judge accepts the person; None if no judge can say. `trained_people`:
      see `figures_of_trained`. `loss`: means over the first and the last tenth of the steps. `settings`.
      Pictures of the person from the middle and from the last view, and of one trained person.

    Raises:
      FinetuningDiverged: if the loss is not finite.
    """
    settings = settings or BenignSettings()
    reference, ws = attacked.reference, jnp.asarray(attacked.ws)[None]
    examples = _examples(reference, attacked.models.generator, settings, key_of(attacked.seed, TAUGHT))
    key = key_of(attacked.seed, MINIBATCHES)
    tuned, losses = _tuned(attacked, examples, settings, key, compute, progress=progress)
    first = jax.tree.map(lambda x: x[:: settings.views], examples)
    persons, trained = [], []
    for generator in (attacked.models.generator, attacked.unlearned, tuned):
        renderer = reference.renderer.with_generator(generator)
        persons.append(reference.embed_views(renderer, ws))
        trained.append(embed_each(renderer, reference.judges, first.ws, first.c, reference.settings.batch))
    source = persons[0].embeddings
    before, after = (
        {name: figures[0] for name, figures in attacked.compared(source, seen.embeddings).items()}
        for seen in persons[1:]
    )
    tenth = max(1, settings.steps // 10)
    figures = {
        "benign_id": after,
        "before": before,
        "forgotten": negated(any_known(figures["accepted"] for figures in after.values())),
        "trained_people": {
            judge.name: figures_of_trained(judge, *(seen.embeddings[judge.name] for seen in trained))
            for judge in reference.judges
        },
        "loss": {"first": float(np.mean(losses[:tenth])), "last": float(np.mean(losses[-tenth:]))},
        "settings": dataclasses.asdict(settings),
    }
    return Found(figures, _pictures(persons, trained, settings.steps))


def _pictures(
    persons: Sequence[EmbeddedViews], trained: Sequence[EmbeddedViews], steps: int
) -> dict[str, np.ndarray]:
    """Return pictures of the person and of one trained person: in the source, before and after."""
    pictures: dict[str, np.ndarray] = {}
    times = ("in the source", "before", f"after {steps} steps")
    for time, person, others in zip(times, persons, trained, strict=True):
        pictures |= labelled_pictures(f"person {time}", person)
        pictures |= labelled_pictures(f"somebody who was taught {time}", others)
    return pictures


def figures_of_trained(
    judge: CalibratedJudge, source: np.ndarray, before: np.ndarray, after: np.ndarray
) -> dict[str, Any]:
    """Say how the people who were taught changed.

    Args:
      judge: who compares.
      source: `[N, 1, E]`, one picture of each person in the source.
      before: the same in the unlearned generator.
      after: the same after fine-tuning.

    Returns:
      `id_before`, `id`: mean similarity to the source before and after. `lost_before`, `lost`: number of
      people whom the judge does not accept any more. `people`: number of people with a known answer. A figure
      is None if nothing is known.
    """
    return {
        **{f"{name}_before": value for name, value in _means(judge, source, before).items()},
        **_means(judge, source, after),
        "people": int(np.sum(~np.isnan(judge.similarity(source, after)))),
    }


def _means(judge: CalibratedJudge, source: np.ndarray, changed: np.ndarray) -> dict[str, float | int | None]:
    similarity = judge.similarity(source, changed)
    lost = count_true(negated(judge.accepts(value, "single")) for value in similarity)
    return {"id": mean(similarity), "lost": lost}


def _examples(reference: Reference, source: Generator, settings: BenignSettings, key: jax.Array) -> Examples:
    """Render the people who are taught; each person's pictures stand together, `[N * V, ...]`."""
    config, protocol = source.config, reference.settings
    count = settings.people * settings.views
    z_key, yaw_key = jax.random.split(key)
    z = jax.random.normal(z_key, (settings.people, config.z_dim))
    ws = jnp.repeat(source.mapping(z, conditioning_view(config, settings.people)), settings.views, axis=0)
    c = random_views(config, yaw_key, count, protocol.max_yaw, protocol.pitch)
    return Examples(ws, c, jnp.clip(jnp.asarray(reference.renderer(ws, c).image), -1, 1))


def _tuned(
    attacked: Attacked,
    examples: Examples,
    settings: BenignSettings,
    key: jax.Array,
    compute: Compute | None,
    *,
    progress: bool,
) -> tuple[Generator, list[float]]:
    """Fine-tune; return the generator and the loss of each step."""
    perception = attacked.models.perception()
    program, state, frozen = begin(attacked.unlearned, perception, settings.tuning, compute)
    losses = []
    with tqdm(total=settings.steps, desc="benign fine-tuning", unit="step", disable=not progress) as bar:
        for step in range(settings.steps):
            step_key = jax.random.fold_in(key, step)
            rows = jax.random.choice(step_key, len(examples.ws), (settings.batch,), replace=False)
            minibatch = jax.tree.map(lambda x, rows=rows: x[rows], examples)
            state, measured = finetuning_step(program, state, frozen, minibatch)
            losses.append(measured["loss"])
            bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
            bar.update()
    return generator_of(program, state, frozen), losses
