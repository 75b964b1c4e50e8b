"""The frontier of a run: lines during its steps, also of a resumed run, and the plot."""

import copy
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import CalibratedJudge, CosineJudge, EvaluationSettings
from jaxunlearn.evaluation.embedded_views import embed_each
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.frontier import Frontier, frontier_of, plot_frontiers, probe, read_frontier
from jaxunlearn.evaluation.frontier.probe import Probe
from jaxunlearn.files.json_lines import write_json_lines
from jaxunlearn.methods.guide import presets
from jaxunlearn.photos.people import People
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.trainer import Moment
from tests.support.tiny_models import tiny_models, tiny_people

SVG = "{http://www.w3.org/2000/svg}"
SETTINGS = EvaluationSettings(views=3, retained_people=4, frechet_samples=4, batch=4)


def judged(similarity: float | None, others: float, threshold: float | None = 0.7) -> dict[str, Any]:
    return {
        "id": [similarity],
        "others_id": others,
        "others_kept": None if threshold is None else others,
        "others": 32,
        "threshold": threshold,
    }


def run_with_lines(path: Path, rows: list[tuple[int, float, float]], threshold: float = 0.7) -> Path:
    (path / "images").mkdir(parents=True)
    lines = [
        {
            "step": step,
            "judges": {"a": judged(x, y, threshold), "b & c": judged(x, y, None)},
            "measured_with": {},
        }
        for step, x, y in rows
    ]
    write_json_lines(RunFolder(path).frontier_file, lines)
    return path


class CountingProbe:
    """Measures the numbers of the generators, which are numbers here."""

    def measure(self, generators: list[float]) -> dict[str, Any]:
        return {"judge": judged(generators[0], 0.9)}


def take_steps(folder: RunFolder, first: int, last: int, end: int = 6) -> None:
    """Call the callback as a run does that takes steps `first` + 1 to `last` of `end`."""
    callback = Frontier(2, folder, 1, CountingProbe, {})  # type: ignore[arg-type]
    for step in range(first + 1, last + 1):
        callback.after_step(Moment(step, end, None, {}, 0.0, lambda k, at=step: at / 10))  # type: ignore
    callback.at_end()


def test_a_resumed_run_leaves_the_lines_of_one_without_interruption(tmp_path):
    """It was killed after step 5, and resumed from the checkpoint of step 3."""
    whole, resumed = (RunFolder(tmp_path / name) for name in ("whole", "resumed"))
    for folder in (whole, resumed):
        folder.images.mkdir(parents=True)
    take_steps(whole, 0, 6)
    take_steps(resumed, 0, 5)
    assert [line["step"] for line in read_frontier(resumed.frontier_file)] == [2, 4]
    take_steps(resumed, 3, 6)
    lines = read_frontier(resumed.frontier_file)
    assert [(line["step"], line["judges"]["judge"]["id"]) for line in lines] == [
        (2, [0.2]),
        (4, [0.4]),
        (6, [0.6]),
    ]
    assert lines == read_frontier(whole.frontier_file)
    assert resumed.frontier_picture.read_text() == whole.frontier_picture.read_text()


def test_a_process_that_does_not_write_only_helps_to_gather(tmp_path):
    take_steps(RunFolder(tmp_path / "run", writes=False), 0, 6)
    assert not (tmp_path / "run").exists()


def test_nobody_changes_in_an_unchanged_generator_and_everybody_in_another():
    models = tiny_models()
    judge = CalibratedJudge(CosineJudge(models.judge))
    ws = jnp.asarray(tiny_people(2))
    probe = Probe(models.generator, [judge], ws, SETTINGS, Compute.for_platform("cpu"))
    same = probe.measure([models.generator])[judge.name]
    assert same["id"] == pytest.approx([1, 1], abs=1e-5)
    assert (same["others_id"], same["others_kept"], same["others"]) == (pytest.approx(1, abs=1e-5), 1, 4)
    broken: Any = copy.deepcopy(models.generator)
    torgb = broken.backbone.synthesis.b8.torgb
    torgb.weight[...] = -3 * torgb.weight[...]
    own = probe.measure([broken, models.generator])[judge.name]  # a generator for each person
    assert own["id"][0] is not None
    assert own["id"][0] < 0.999
    assert own["id"][1] == pytest.approx(1, abs=1e-5)
    assert own["others"] == 8
    assert own["others_id"] is not None
    assert own["others_id"] < 0.9995


def test_the_others_are_not_those_of_the_evaluation(monkeypatch):
    models, seen = tiny_models(), []
    monkeypatch.setattr(
        probe, "embed_each", lambda *arguments: seen.append(arguments[2]) or embed_each(*arguments)
    )
    judge = CalibratedJudge(CosineJudge(models.judge))
    Probe(models.generator, [judge], jnp.asarray(tiny_people(2)), SETTINGS, Compute.for_platform("cpu"))
    own, apart = (SETTINGS.random_people(models.generator, apart=apart) for apart in (False, True))
    np.testing.assert_array_equal(seen[1], apart.ws)
    assert not (apart.z[:, None] == own.z).all(-1).any()
    assert not np.allclose(apart.c, own.c)


def test_it_is_asked_for_by_a_setting(tmp_path):
    config, people = presets.heads(), People("two", ("a", "b"), tiny_people(2))
    assert frontier_of(tiny_models(), people, config, tmp_path) == []
    config.evaluation.frontier_every = 5
    assert len(frontier_of(tiny_models(), people, config, tmp_path)) == 1
    config.evaluation.align = "landmarks"  # the tiny judge looks at whole pictures
    with pytest.raises(InputError, match="choose fixed"):
        frontier_of(tiny_models(), people, config, tmp_path)


def test_a_run_is_not_resumed_with_other_judges(tmp_path):
    config, people = presets.heads(), People("two", ("a", "b"), tiny_people(2))
    config.evaluation.frontier_every = 5
    path, models = run_with_lines(tmp_path / "run", [(5, 0.8, 0.95)]), tiny_models()
    with pytest.raises(InputError, match=r"frontier\.jsonl: was measured by a, b & c; give the same --judge"):
        frontier_of(models, people, config, path)
    judges = {network.name: judged(0.8, 0.95) for network in models.judges}
    lines = [{"step": 5, "judges": judges, "measured_with": {}}]
    write_json_lines(RunFolder(path).frontier_file, lines)
    assert len(frontier_of(models, people, config, path)) == 1


def test_its_thresholds_are_those_of_the_evaluation(tmp_path):
    """No thresholds are stored for this model, so they are found among strangers."""
    models, config = tiny_models(), presets.heads()
    config.evaluation.update(
        frontier_every=5, views=7, strangers=4, retained_people=2, frechet_samples=4, batch=4
    )
    (callback,) = frontier_of(models, People("two", ("a", "b"), tiny_people(2)), config, tmp_path)
    callback.after_step(Moment(5, 10, None, {}, 0.0, lambda k: models.generator))  # type: ignore
    (line,) = read_frontier(RunFolder(tmp_path).frontier_file)
    judges = measure_reference(models, config, progress=False).judges
    assert {name: figures["threshold"] for name, figures in line["judges"].items()} == {
        judge.name: judge.threshold("single") for judge in judges
    }
    assert [judge.strangers["single"].people for judge in judges] == [4] * len(judges)


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(
    ("name", "other"), [("seed", 1), ("views", 3), ("pivot", "origin"), ("strangers", 4)]
)
def test_a_run_is_not_resumed_with_other_people_or_views(tmp_path, monkeypatch, finished, name, other):
    """A finished run that is given more steps goes on, too; one without steps to take measures nothing."""
    monkeypatch.setattr(RunFolder, "finished", lambda _: finished)
    config, people = presets.heads(), People("two", ("a", "b"), tiny_people(2))
    config.evaluation.update(frontier_every=5, strangers=0)
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.add_to_summary({"steps": config.steps - 1})
    (callback,) = frontier_of(tiny_models(), people, config, folder.path)
    assert isinstance(callback, Frontier)
    judged_by = {network.name: judged(0.8, 0.95) for network in tiny_models().judges}
    monkeypatch.setattr(Probe, "__init__", lambda *_: None)
    monkeypatch.setattr(Probe, "measure", lambda *_: judged_by)
    callback.after_step(Moment(5, 10, None, {}, 0.0, lambda k: None))  # type: ignore
    assert len(frontier_of(tiny_models(), people, config, folder.path)) == 1
    before = config.evaluation[name]
    config.evaluation[name] = other
    message = (
        rf"frontier\.jsonl: was measured with config\.evaluation\.{name} {before!r}, not {other!r}; give"
    )
    with pytest.raises(InputError, match=message):
        frontier_of(tiny_models(), people, config, folder.path)
    if finished:
        config.steps -= 1
        assert len(frontier_of(tiny_models(), people, config, folder.path)) == 1


def test_the_plot_has_a_labelled_point_for_each_step(tmp_path):
    one = run_with_lines(tmp_path / "one", [(10, 0.8, 0.95), (20, 0.3, 0.9)])
    two = run_with_lines(tmp_path / "two", [(15, 0.5, 0.6)])
    plot_frontiers({"A < B": one, "C": two}, tmp_path / "plot.svg")
    drawn = ET.parse(tmp_path / "plot.svg").getroot()
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    for label in ("A < B", "C", "b & c: similarity of other people"):
        assert label in texts
    panels = 3 + 1  # both figures of the judge with a threshold, one of the other; it has an empty panel
    for step in ("10", "20", "15"):
        assert texts.count(step) == panels - 1
    assert len(list(drawn.iter(f"{SVG}polyline"))) == 2 * panels
    points = np.array([[float(c.get(k, "nan")) for k in ("cx", "cy")] for c in drawn.iter(f"{SVG}circle")])
    width, height = (float(x) for x in drawn.get("viewBox", "").split()[2:])
    assert ((points > 0) & (points < [width, height])).all()


def test_the_plot_of_many_runs_tells_them_apart(tmp_path):
    """Eight runs have six colours and two kinds of lines; long names stay in the picture."""
    folders = {f"{k}{60 * 'n'}": run_with_lines(tmp_path / str(k), [(10, 0.8, 0.95)]) for k in range(8)}
    plot_frontiers(folders, tmp_path / "plot.svg")
    drawn = ET.parse(tmp_path / "plot.svg").getroot()
    strokes = [(line.get("stroke"), line.get("stroke-dasharray")) for line in drawn.iter(f"{SVG}polyline")]
    assert len(set(strokes)) == 8
    assert "Numbers at the points are steps." in [text.text for text in drawn.iter(f"{SVG}text")]
    assert float(drawn.get("viewBox", "").split()[2]) > 61 * 8


def test_runs_with_other_thresholds_are_not_drawn_together(tmp_path):
    one = run_with_lines(tmp_path / "one", [(10, 0.8, 0.95)])
    two = run_with_lines(tmp_path / "two", [(10, 0.8, 0.95)], threshold=0.6)
    with pytest.raises(InputError, match="judges or thresholds are others"):
        plot_frontiers({"one": one, "two": two}, tmp_path / "plot.svg")
    with pytest.raises(InputError, match="frontier_every"):
        plot_frontiers({"": tmp_path}, tmp_path / "plot.svg")
