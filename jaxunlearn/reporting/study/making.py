"""Make a study from the folders of runs: its questions, pictures, page and key."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxunlearn.errors import InputError
from jaxunlearn.files.door import local_path, write_json
from jaxunlearn.files.paths import as_list
from jaxunlearn.methods.registry import method_of
from jaxunlearn.models.generator import Generator
from jaxunlearn.process.jax_settings import pinned_settings
from jaxunlearn.reporting.page.many.compare_page import names_of
from jaxunlearn.reporting.page.picture import PagePictures
from jaxunlearn.reporting.study.cast import Cast
from jaxunlearn.reporting.study.drawing import Shot, choice_shots, draw_shots, given_shots
from jaxunlearn.reporting.study.folder import (
    FORMAT,
    KEY,
    PAGE,
    QUESTIONS,
    KeyJson,
    PictureJson,
    QuestionsJson,
    RunJson,
    check_free,
    made_whole,
    study_id,
)
from jaxunlearn.reporting.study.questions import Place, Question, RunPeople, deal, plan_questions
from jaxunlearn.reporting.study.settings import StudySettings
from jaxunlearn.reporting.study.study_page import write_study_page
from jaxunlearn.training.result import Result, check_finished, finished
from jaxunlearn.training.storage.networks_of_run import source_of
from jaxunlearn.training.storage.run_dir import RunFolder

MOST_QUESTIONS = 400
"""Largest number of questions in a page: with more of them, the pictures would become too small."""


class _Plan(NamedTuple):
    cast: Cast
    questions: list[Question]
    parts: list[list[int]]


@pinned_settings()
def make_study(
    runs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    settings: StudySettings | None = None,
    model: str | None = None,
    batch: int = 4,
    progress: bool = True,
) -> Path:
    """Make a study: do people still recognise whom the runs forgot, and whom they should have kept?

    The folder appears complete or not at all.

    Args:
      runs: folders of finished runs that started from the same generator.
      out: folder to make.
      settings: what is asked; None takes the defaults.
      model: the source generator, if its file has moved since the runs.
      batch: images rendered at a time.
      progress: True shows a progress bar.

    Returns:
      Path of the page for the participants.

    Raises:
      InputError: if a folder is not of a finished run, runs started from different generators, or there is
        nobody to ask about or too much to ask; before anything is rendered.
    """
    settings = (settings or StudySettings()).with_seed()
    out, paths = local_path(out), [local_path(path) for path in as_list(runs)]
    check_free(out)
    folders = [RunFolder(path) for path in paths]
    _check_runs(folders)
    source = source_of(folders[0], model=model)
    results = [finished(folder, source) for folder in folders]
    plan = _plan(results, settings)
    ws = plan.cast.latents(source)
    shots = [shot for question in plan.questions for shot in _shots(question, settings)]
    drawn = draw_shots(shots, ws, source, _generators(results), batch=batch, progress=progress)
    random = np.random.default_rng([settings.seed or 0, 1])
    shown = _shown(plan, settings, drawn, random)
    with made_whole(out) as folder:
        write_json(folder / QUESTIONS, shown)
        write_study_page(folder / PAGE, shown)
        write_json(folder / KEY, _key(plan, settings, shown["study"], results, names_of(paths)))
    return out / PAGE


def _check_runs(folders: Sequence[RunFolder]) -> None:
    """Refuse runs that cannot be shown beside each other.

    Raises:
      InputError: if there are none, one is given twice or not finished, or their sources differ.
    """
    if not folders:
        raise InputError("give at least one run")
    first = folders[0]
    for number, folder in enumerate(folders):
        check_finished(folder)
        if folder.path.resolve() in [each.path.resolve() for each in folders[:number]]:
            raise InputError(f"{folder.path}: is given twice")
        if folder.origin.fingerprint != first.origin.fingerprint:
            raise InputError(
                f"{folder.path}: started from another generator than {first.path}; make a study for each"
            )


def _plan(results: Sequence[Result], settings: StudySettings) -> _Plan:
    """Return who is asked about, all questions, and the parts of participants.

    Raises:
      InputError: if there is nobody to ask about, or there are too many questions.
    """
    random = np.random.default_rng(settings.seed)
    cast = Cast(random, {seed for result in results for seed in result.forgotten_seeds})
    runs = [_people_of(result, cast, settings.people, random) for result in results]
    asked = [len(run.asked) for run in runs]
    wanted = asked if settings.retained is None else [settings.retained] * len(runs)
    others = cast.draw(max(wanted))
    everybody = list(dict.fromkeys(person for run in runs for person, _ in run.asked))
    count = max(asked) if settings.controls is None else settings.controls
    controls = random.permutation(everybody)[:count].tolist()
    total = sum(asked) + sum(wanted) + len(controls)
    if total > MOST_QUESTIONS:
        raise InputError(
            f"{total} questions are too many for a page, which has at most {MOST_QUESTIONS}; ask about fewer "
            "people (--people, --retained, --controls)"
        )
    retained = [others[:number] for number in wanted]
    questions = plan_questions(runs, retained, controls, settings.choices, cast, random)
    return _Plan(cast, questions, deal(questions, settings.questions, random))


def _people_of(result: Result, cast: Cast, most: int | None, random: np.random.Generator) -> RunPeople:
    """Return the people of a run, without those whose generator diverged.

    Raises:
      InputError: if nobody is left.
    """
    seeds = result.people.seeds or (None,) * len(result.ws)
    useless = (
        set(range(len(seeds))) if result.together and result.summary.get("diverged") else result.diverged
    )
    forgotten_by: dict[int, list[int]] = {}
    asked = []
    for k, (name, seed, ws) in enumerate(zip(result.people.subjects, seeds, result.ws, strict=True)):
        if k not in useless:
            copy = 0 if result.together else k
            number = cast.add(name, seed, ws)
            forgotten_by.setdefault(copy, []).append(number)
            asked.append((number, copy))
    if not asked:
        raise InputError(f"{result.people.name}: all its generators diverged; there is nobody to ask about")
    chosen = sorted(random.permutation(len(asked))[:most].tolist())
    return RunPeople([asked[k] for k in chosen], forgotten_by)


def _generators(results: Sequence[Result]) -> Callable[[Place], Generator]:
    return lambda place: results[place.run].generators[place.copy]


def _shots(question: Question, settings: StudySettings) -> list[Shot]:
    return [*given_shots(question, settings.given), *choice_shots(question)]


def _shown(
    plan: _Plan, settings: StudySettings, drawn: Mapping[Shot, np.ndarray], random: np.random.Generator
) -> QuestionsJson:
    """Return what the page holds; pictures are in a random order, and questions have random names."""
    pictures = PagePictures(len(drawn), len(plan.cast.names))
    shots = list(drawn)
    places = {shots[k]: place for place, k in enumerate(random.permutation(len(shots)))}
    encoded = [pictures(drawn[shot], "") for shot in sorted(places, key=lambda shot: places[shot])]
    shown: QuestionsJson = {
        "format": FORMAT,
        "study": "",
        "choices": settings.choices,
        "pictures": [PictureJson(source=p.source, width=p.width, height=p.height) for p in encoded],
        "questions": {
            _name(number): {
                "given": [places[shot] for shot in given_shots(question, settings.given)],
                "choices": [places[shot] for shot in choice_shots(question)],
            }
            for number, question in enumerate(plan.questions)
        },
        "parts": [[_name(number) for number in part] for part in plan.parts],
    }
    return {**shown, "study": study_id(shown)}


def _name(number: int) -> str:
    """Return the name of a question; questions are in a random order already."""
    return f"q{number + 1:03d}"


def _key(
    plan: _Plan, settings: StudySettings, study: str, results: Sequence[Result], names: Sequence[str]
) -> KeyJson:
    """Return the content of key.json."""
    cast, folders = plan.cast, [result.folder for result in results]
    runs: list[RunJson] = []
    for name, result, folder in zip(names, results, folders, strict=True):
        assert folder is not None, "results of folders have one"
        left_out = [result.people.subjects[k] for k in sorted(result.diverged)]
        method = method_of(folder.config).described(folder.config)
        runs.append({"name": name, "method": method, "left_out": left_out})
    assert folders[0] is not None, "results of folders have one"
    return {
        "format": FORMAT,
        "version": metadata.version("jaxunlearn"),
        "study": study,
        "seed": settings.seed or 0,
        "model": folders[0].request.model,
        "settings": {k: v for k, v in dataclasses.asdict(settings).items() if k != "seed"},
        "runs": runs,
        "people": [{"name": n, "seed": s} for n, s in zip(cast.names, cast.seeds, strict=True)],
        "questions": {
            _name(number): {
                "kind": question.kind,
                "run": None if question.place is None else question.place.run,
                "copy": None if question.place is None else question.place.copy,
                "person": question.person,
                "choices": list(question.choices),
                "right": question.right,
                "yaw": round(question.yaw, 2),
                "distractors": "strangers" if question.strangers else "same kind",
            }
            for number, question in enumerate(plan.questions)
        },
    }
