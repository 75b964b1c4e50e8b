"""Attack a run: what does somebody get back who has the unlearned generator?"""

import dataclasses
import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from typing import Any

import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from jaxunlearn.attacks.attack_folder import AttackFolder, AttackJson
from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.depth import ATTACKS, DEPTHS, Depth
from jaxunlearn.attacks.draws import DRAWS
from jaxunlearn.attacks.finetuning import FinetuningDiverged
from jaxunlearn.attacks.kinds import KINDS
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.bundled_people.album import can_render_albums, render_album
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.protocol import PROTOCOL
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.files.door import write_json
from jaxunlearn.given_arrays import whole_numbers_of
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.generator import fingerprint_of
from jaxunlearn.models.loading import Models
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.networks_of_run import check_models

MOST_PEOPLE = 4
"""Number of people who are attacked if nobody is chosen."""

_DRAWN_WITH = ("seed", "pivot", "strangers", "frechet_samples")
"""Settings of an evaluation that say who the strangers are, and how everybody is seen."""

_OTHER_PHOTOS = 3
_RANDOM_PEOPLE = 16
"""Random people of the source: strangers, and lenders of rows. No depth needs more."""


@pinned_settings()
def attack(
    models: Models,
    result: Result,
    config: ConfigDict,
    *,
    attacks: Sequence[str] = tuple(KINDS),
    people: Sequence[int] | None = None,
    depth: Depth = "standard",
    seed: int = 0,
    reference: Reference | None = None,
    again: bool = False,
    after_each: Callable[[], object] | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Attack the generators of a run, and write what was found into its folder after each attack.

    Finished attacks of the same depth, seeds, generator, judges, views, strangers and random people are read.

    Args:
      models: the models of the run.
      result: of the run.
      config: of the run; `config.evaluation` is used.
      attacks: their names; all by default, see docs/guides/attacks.md.
      people: numbers of the people to attack; None takes the first four whose generator did not diverge.
      depth: how hard the attacks try.
      seed: of what an attacker draws. The strangers and lenders of rows are of `config.evaluation.seed`.
      reference: of `attack_reference`; measured here if not given. That of an evaluation has another number
        of random people, and attacks anew what was finished.
      again: True attacks anew what was finished.
      after_each: is called after each attack that was made, once `attack.json` says what it found.
      progress: True shows progress bars.

    Returns:
      The content of `attack.json`, with what earlier calls of the same depth and seed found. `people`: number
      of a person → name of an attack → its figures; only `diverged`, the reason, where its fine-tuning
      diverged. `seconds`: of each attack. `judges`, `settings`, `depth`, `seed`: how it was measured.

    Raises:
      InputError: before the first attack, if an argument is unknown or of another run, or people are too few.
    """
    _check(models, result, attacks, depth)
    chosen = _chosen_people(people, result)
    reference = _with_people(reference or attack_reference(models, config, progress=progress))
    run = RunUnderAttack(models, result, reference, depth, seed)
    found = _earlier(run)
    finished = set[tuple[int, str]]() if again else set(found)
    attacked: tuple[int, Attacked] | None = None  # of one person at a time: generators are large
    bar = tqdm(_plan(attacks, chosen, result), desc="attacks", unit="attack", disable=not progress)
    for person, name in bar:
        bar.set_postfix_str(f"{name}, {result.people.subjects[person]}"[:60])
        if (person, name) in finished:
            continue
        if attacked is None or attacked[0] != person:
            attacked = person, attacked_person(run, person)
        found[person, name] = _made(run, person, name, attacked[1], progress)
        _written(run, found)  # the next may be interrupted
        if after_each is not None:
            after_each()
    return _written(run, found)


@pinned_settings()
def attack_reference(models: Models, config: ConfigDict, *, progress: bool = True) -> Reference:
    """Measure the source for attacks: judges and views of an evaluation, with 16 other people."""
    own = config.copy_and_resolve_references()
    own.evaluation.retained_people = min(own.evaluation.retained_people, _RANDOM_PEOPLE)
    own.evaluation.frechet_samples = _RANDOM_PEOPLE
    return measure_reference(models, own, progress=progress)


@dataclasses.dataclass(frozen=True, eq=False)
class RunUnderAttack:
    """A run, and what all attacks on its people have in common.

    Attributes:
      models: the models of the run.
      result: of the run.
      reference: the measured source.
      depth: how hard the attacks try.
      seed: of what an attacker draws.
    """

    models: Models
    result: Result
    reference: Reference
    depth: Depth
    seed: int

    @property
    def folder(self) -> AttackFolder | None:
        """Where figures are kept; None if the run has no folder."""
        return None if self.result.folder is None else AttackFolder(self.result.folder.path)


def attacked_person(run: RunUnderAttack, person: int) -> Attacked:
    """Gather what attacks on a person need.

    The attacker's photo is the source's rendering of the person from the front. For people of the bundled
    generator, further photos are rendered from the parametric head, in other light and mood. For others they
    are the source's renderings from the sides. The strangers are random people of the reference. Those whom a
    judge takes for the person in the source come last.

    Args:
      run: under attack.
      person: number of the person.
    """
    result, reference = run.result, run.reference
    ws = jnp.asarray(result.ws[person])
    strangers = jnp.roll(reference.random.ws, -person, axis=0)[:_RANDOM_PEOPLE]
    people = jnp.concatenate([ws[None], strangers])
    seen = reference.embed_frontal(reference.renderer, people)
    order = 1 + _somebody_else(reference, seen.embeddings)
    shown = seen.images[:, 0]
    everybody = result.ws if result.together else result.ws[person][None]
    return Attacked(
        models=run.models,
        reference=reference,
        unlearned=result.generator_of(person),
        ws=ws,
        photos=np.concatenate([shown[:1], _other_photos(run, person)]),
        strangers_ws=people[order],
        strangers_photos=shown[order],
        seed=run.seed,
        everybody=jnp.asarray(everybody),
    )


def _somebody_else(reference: Reference, embeddings: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the numbers of the strangers, first those whom no judge takes for the person.

    The others follow, those first who are least alike to the main judge.

    Args:
      reference: has the judges.
      embeddings: name of a judge → `[1 + N, 1, E]`, the person and `N` strangers, from the front.
    """
    values = {
        judge.name: judge.similarity(embeddings[judge.name][:1], embeddings[judge.name][1:])
        for judge in reference.judges
    }
    taken = [
        [judge.accepts(value, "single") is True for value in values[judge.name]] for judge in reference.judges
    ]
    anybody = np.any(taken, axis=0)
    alike = np.nan_to_num(values[reference.judge.name], nan=np.inf)
    return np.lexsort((np.where(anybody, alike, 0), anybody))


def _other_photos(run: RunUnderAttack, person: int) -> np.ndarray:
    models, result, reference = run.models, run.result, run.reference
    seed = result.people.seeds[person] if result.people.seeds else None
    if models.is_bundled and seed is not None and can_render_albums():
        return render_album(models.generator, seed, _OTHER_PHOTOS).images
    ws = jnp.repeat(jnp.asarray(result.ws[person])[None], len(reference.wide_views), axis=0)
    return np.clip(reference.renderer(ws, reference.wide_views).image, -1, 1)


def _plan(attacks: Sequence[str], chosen: Sequence[int], result: Result) -> list[tuple[int, str]]:
    """Return each person with each attack; those on everybody are made once for each generator."""
    return [
        (person, name)
        for person in chosen
        for name in attacks
        if not (KINDS[name].everybody and result.together and person != chosen[0])
    ]


def _made(run: RunUnderAttack, person: int, name: str, attacked: Attacked, progress: bool) -> AttackJson:
    """Attack a person, and keep what was found in the folder, if there is one."""
    made_with = _made_with(run, person, name)
    began = time.monotonic()
    try:
        kind = KINDS[name]
        found = kind.run(attacked, kind.settings(run.depth), progress=progress)
    except FinetuningDiverged as error:  # the page says so; other attacks still have something to say
        found = Found({"diverged": str(error)}, {})
    seconds = time.monotonic() - began
    if run.folder is not None:
        return run.folder.write(name, person, found, seconds, made_with)
    return AttackJson(
        made_with=made_with, seconds=round(seconds, 1), figures=found.figures, pictures=[], drawings=[]
    )


def _earlier(run: RunUnderAttack) -> dict[tuple[int, str], AttackJson]:
    """Return the finished attacks on all people that were made in the same way."""
    if run.folder is None:
        return {}
    found = {}
    for person, name in itertools.product(range(len(run.result.ws)), KINDS):
        if not run.folder.exists(name, person):  # hashing its generator takes long
            continue
        content = run.folder.read(name, person, _made_with(run, person, name))
        if content is not None:
            found[person, name] = content
    return found


def _made_with(run: RunUnderAttack, person: int, name: str) -> dict[str, Any]:
    """Return what figures of an attack depend on; another value makes it run again."""
    return {
        "version": metadata.version("jaxunlearn"),
        "protocol": PROTOCOL,
        "draws": DRAWS,
        "depth": run.depth,
        "settings": json.loads(json.dumps(dataclasses.asdict(KINDS[name].settings(run.depth)))),
        "seed": run.seed,
        "source": run.models.fingerprint,
        "generator": fingerprint_of(run.result.generator_of(person)),
        "networks_of_loss": dict(run.models.networks_of_loss),
        "mean_latent": run.models.mean.origin,
        "judges": {judge.name: judge.threshold() for judge in run.reference.judges},
        "views": run.reference.settings.views,
        "align": {judge.name: judge.align for judge in run.reference.judges},
        "evaluation": {name: getattr(run.reference.settings, name) for name in _DRAWN_WITH},
    }


def _written(run: RunUnderAttack, found: Mapping[tuple[int, str], AttackJson]) -> dict[str, Any]:
    """Return the content of `attack.json`; write it, if there is a folder."""
    content = _summary(run, found)
    if run.folder is not None:
        write_json(run.folder.figures, content)
    return content


def _summary(run: RunUnderAttack, found: Mapping[tuple[int, str], AttackJson]) -> dict[str, Any]:
    people: dict[str, dict[str, Any]] = {}
    seconds: dict[str, dict[str, float]] = {}
    order = list(ATTACKS)
    for person, name in sorted(found, key=lambda each: (each[0], order.index(each[1]))):
        content = found[person, name]
        people.setdefault(str(person), {})[name] = content["figures"]
        seconds.setdefault(str(person), {})[name] = content["seconds"]
    return {
        "version": metadata.version("jaxunlearn"),
        "depth": run.depth,
        "seed": run.seed,
        "judges": {
            judge.name: {
                "measure": judge.measure,
                "threshold": judge.threshold(),
                "strangers": {setup: value.to_json() for setup, value in judge.strangers.items()},
            }
            for judge in run.reference.judges
        },
        "settings": {"views": run.reference.settings.views},
        "subjects": {person: run.result.people.subjects[int(person)] for person in people},
        "people": people,
        "seconds": seconds,
    }


def _chosen_people(people: Sequence[int] | None, result: Result) -> list[int]:
    count = len(result.ws)
    if people is None:
        chosen = [person for person in range(count) if person not in result.diverged][:MOST_PEOPLE]
        if not chosen:
            raise InputError("all generators of the run diverged; there is nothing to attack")
        return chosen
    numbers = whole_numbers_of("people", people, count - 1)
    for person in numbers:
        if person in result.diverged:
            raise InputError(f"person {person}: their generator diverged; choose other people")
    return list(dict.fromkeys(numbers))


def _check(models: Models, result: Result, attacks: Sequence[str], depth: str) -> None:
    check_models(models, result.folder)
    for name in attacks:
        if name not in KINDS:
            raise InputError(f"no attack {name!r}; choose from {', '.join(KINDS)}")
    if not attacks:
        raise InputError(f"no attack given; choose from {', '.join(KINDS)}")
    if depth not in DEPTHS:
        raise InputError(f"no depth {depth!r}; choose from {', '.join(DEPTHS)}")


def _with_people(reference: Reference) -> Reference:
    """Return the reference if it has people enough for every attack."""
    count = len(reference.random.ws)
    if count < _RANDOM_PEOPLE:
        raise InputError(
            f"the reference has {count} random people, but attacks need {_RANDOM_PEOPLE}; "
            "measure it with `attacks.attack.attack_reference`"
        )
    return reference
