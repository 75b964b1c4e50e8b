"""A quick measurement of people and others, one picture each, for use between the steps of a run."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax import Compute
from jaxunlearn.evaluation.embedded_views import embed_each
from jaxunlearn.evaluation.frontier.files import JudgedStep
from jaxunlearn.evaluation.judges import CalibratedJudge
from jaxunlearn.evaluation.judges.answers import mean, number
from jaxunlearn.evaluation.settings import EvaluationSettings
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.renderer import Renderer


class Probe:
    """Forgotten people and others in the source, to be compared with them in unlearned generators.

    Args:
      source: before unlearning.
      judges: who compares.
      ws: `[K, L, D]`, the people to forget, from the middle one of the protocol's views.
      settings: of the other people, each with a view of their own: `settings.retained_people`, drawn apart
        from those that `evaluate` measures.
      compute: dtype and forms.
    """

    def __init__(
        self,
        source: Generator,
        judges: Sequence[CalibratedJudge],
        ws: jax.Array,
        settings: EvaluationSettings,
        compute: Compute,
    ):
        self._judges, self._batch = judges, settings.batch
        self._renderer = Renderer(source, batch=settings.batch, compute=compute)
        others, views = settings.random_people(source, apart=True), settings.person_views(source)
        self._others = others.ws[: settings.retained_people], others.c[: settings.retained_people]
        self._people = ws, jnp.tile(views[len(views) // 2], (len(ws), 1))
        self._people_before = self._look(source, *self._people)
        self._others_before = self._look(source, *self._others)

    def measure(self, generators: Sequence[Generator]) -> dict[str, JudgedStep]:
        """Compare everybody before and now.

        Args:
          generators: one that forgets all people, or one for each of them.

        Returns:
          Name of a judge → its figures; others are measured in every generator.
        """
        ws, c = self._people
        share = len(ws) // len(generators)
        people = [
            self._look(generator, ws[k * share : (k + 1) * share], c[k * share : (k + 1) * share])
            for k, generator in enumerate(generators)
        ]
        others = [self._look(generator, *self._others) for generator in generators]
        figures = {}
        for judge in self._judges:
            name, similarity = judge.name, judge.similarity
            own = similarity(self._people_before[name], np.concatenate([seen[name] for seen in people]))
            kept = np.concatenate([similarity(self._others_before[name], seen[name]) for seen in others])
            figures[name] = _judged(judge, own, kept)
        return figures

    def _look(self, generator: Generator, ws: jax.Array, c: jax.Array) -> dict[str, np.ndarray]:
        renderer = self._renderer.with_generator(generator)
        return embed_each(renderer, self._judges, ws, c, self._batch).embeddings


def _judged(judge: CalibratedJudge, people: np.ndarray, others: np.ndarray) -> JudgedStep:
    known = others[~np.isnan(others)]
    accepted: list[Any] = [judge.accepts(value, "single") for value in known]
    return {
        "id": [number(value) for value in people],
        "others_id": mean(others),
        "others_kept": float(np.mean(accepted)) if accepted and None not in accepted else None,
        "others": len(known),
        "threshold": judge.threshold("single"),
    }
