"""Adapters of several people in one generator: in which order, for whom, what is refused and measured."""

import json
import re
from pathlib import Path

import chex
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.commands import evaluate as command
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation import evaluate_together
from jaxunlearn.methods.legato import presets
from jaxunlearn.models import loading
from jaxunlearn.models.adapters import adapted, save_unlearned
from jaxunlearn.models.generator import Generator, fingerprint_of, save_generator
from jaxunlearn.training.composition import composed
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from legato_flax import AdaptedGenerator
from tests.support.tiny_adapters import adapters, source
from tests.support.tiny_models import numbers, tiny_models, tiny_people
from tests.support.tiny_reference import tiny_reference

NAMES = ("ada", "bob", "cyd")


def run_of(path: Path, people: list[int], start: TriPlaneGenerator, *, finished: bool = True) -> RunFolder:
    """Make the folder of a LEGATO run that gave each of `people` adapters drawn by their number."""
    folder, ws = RunFolder(path), tiny_people(3)[people]
    config = presets.heads()
    config.evaluation.album = 0
    names = tuple(NAMES[k] for k in people)
    models = tiny_models()
    request = Request(
        "tiny",
        models.fingerprint,
        names,
        mean_latent=models.mean.origin,
        seeds=tuple(people),
        **models.networks_of_loss,
    )
    folder.begin(request, config, ws)
    folder.keep_targets(ws, -ws)
    for k, person in enumerate(people):
        if finished:
            save_unlearned(AdaptedGenerator(start, adapters(person)), folder.generator(k), {})
    return folder


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return run_of(tmp_path / "run", [0, 1], source())


def by_hand(*order: int) -> AdaptedGenerator:
    generator = source()
    for k in order:
        generator = AdaptedGenerator(generator, adapters(k))
    assert isinstance(generator, AdaptedGenerator)
    return generator


def same(a: Generator, b: Generator) -> None:
    chex.assert_trees_all_equal(numbers(a), numbers(b))


def test_everybodys_adapters_in_one_generator(run, tmp_path):
    alone = composed(tiny_models(), [run])
    same(alone.generator, by_hand(0, 1))
    assert alone.together
    assert alone.folder is None
    further = run_of(tmp_path / "further", [2], source())
    stored = json.loads((further.path / "run.json").read_text())
    (further.path / "run.json").write_text(json.dumps(stored | {"photos_sha256": ["12"]}))
    both = composed(tiny_models(), [further, run])
    same(both.generator, by_hand(2, 0, 1))
    assert both.people.subjects == ("cyd", "ada", "bob")
    assert both.people.seeds == (2, 0, 1)
    assert both.people.photos_sha256 == ("12", None, None)
    np.testing.assert_array_equal(both.ws, tiny_people(3)[[2, 0, 1]])
    np.testing.assert_array_equal(both.ws_target, -both.ws)
    assert both.summary == {"runs": [str(further.path), str(run.path)], "adapters": 3}


def test_adapters_trained_on_top_come_after_those_below(tmp_path):
    below = run_of(tmp_path / "below", [0], source())
    above = run_of(tmp_path / "above", [1], by_hand(0))
    same(composed(tiny_models(), [below, above]).generator, by_hand(0, 1))
    with pytest.raises(InputError, match="was trained on top of another adapter"):
        composed(tiny_models(), [above, below])


def test_what_cannot_be_composed_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="has one adapter, and nothing to compose; give a further run"):
        composed(tiny_models(), [run_of(tmp_path / "one", [2], source())])
    with pytest.raises(InputError, match="bob and bob are the same person"):
        composed(tiny_models(), [run, run_of(tmp_path / "again", [1], source())])
    with pytest.raises(InputError, match="the run is not finished"):
        composed(tiny_models(), [run, run_of(tmp_path / "cut", [2], source(), finished=False)])
    with pytest.raises(InputError, match="belongs to another generator"):
        composed(tiny_models(), [run, run_of(tmp_path / "other", [2], other_source())])
    weights = run_of(tmp_path / "weights", [2], source())
    save_generator(source(), weights.generator(0), {})
    for folders in ([run, weights], [weights]):
        with pytest.raises(InputError, match=r"weights/generator/0000\.safetensors: .*legato"):
            composed(tiny_models(), folders)


def request_after(
    path: Path, person: int, *before: RunFolder, start: TriPlaneGenerator | None = None
) -> RunFolder:
    """Make the folder of a request that trained the adapters of the one before further.

    Args:
      path: the folder.
      person: their number.
      before: the folders of the requests before.
      start: what the first request started from; None is the source.
    """
    start = start or source()
    folder = run_of(path, [person], start)
    started = [fingerprint_of(adapted(start, [each.generator()])) for each in before]
    stored = json.loads((path / "run.json").read_text())
    if started:
        stored |= {"together": True, "start": started[-1], "earlier": started[:-1]}
    (path / "run.json").write_text(json.dumps(stored))
    return folder


def test_a_request_that_another_contains_is_refused(tmp_path):
    """A sequence goes on with the same adapters: the newest file has them all."""
    first = request_after(tmp_path / "01", 0)
    second = request_after(tmp_path / "02", 1, first)
    third = request_after(tmp_path / "03", 2, first, second)
    for inner, outer in ((first, second), (second, third), (first, third)):
        for pair in ((inner, outer), (outer, inner)):
            said = f"{inner.path}: is contained in {outer.path}, which began with it; leave {inner.path} out"
            with pytest.raises(InputError, match=re.escape(said)):
                composed(tiny_models(), pair)
    other = request_after(tmp_path / "other", 2, first)
    with pytest.raises(InputError, match=r"02 and .*other: contain the same earlier run; leave one of them"):
        composed(tiny_models(), [second, other])
    apart = run_of(tmp_path / "apart", [2], source())
    same(composed(tiny_models(), [apart, second]).generator, by_hand(2, 1))


def test_a_contained_request_is_found_above_another_adapter(tmp_path):
    """A sequence may begin on top of an adapter, which the composition has as well."""
    below = run_of(tmp_path / "below", [0], source())
    first = request_after(tmp_path / "01", 1, start=by_hand(0))
    second = request_after(tmp_path / "02", 2, first, start=by_hand(0))
    for pair in ((first, second), (second, first)):
        with pytest.raises(InputError, match=r"01: is contained in .*02, which began with it"):
            composed(tiny_models(), [below, *pair])
    same(composed(tiny_models(), [below, second]).generator, by_hand(0, 2))


def other_source() -> TriPlaneGenerator:
    other = nnx.clone(source())
    bias = other.decoder.net["2"].bias
    assert bias is not None
    bias[...] = bias[...] + 1
    return other


@pytest.fixture
def tiny_command(monkeypatch) -> None:
    """The tiny models and their measured source in place of the bundled ones."""
    monkeypatch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
    monkeypatch.setattr(loading, "published_inception", lambda _: None)
    monkeypatch.setattr(command, "measure_reference", lambda *_, **__: tiny_reference())


@pytest.mark.must
@pytest.mark.usefixtures("tiny_command")
def test_evaluate_measures_everybody_in_the_composition(run, tmp_path, capsys):
    further = run_of(tmp_path / "further", [2], source())
    before = run.summary
    assert cli.main(["evaluate", str(run.path), "--compose", "--also", str(further.path)]) == 0
    path = run.path / "composed.json"
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1] == str(path)
    assert "of 3 people are forgotten" in printed
    figures = json.loads(path.read_text())
    assert figures["subjects"] == list(NAMES)
    assert figures["adapters"] == 3
    assert run.summary == before, "the figures of the run itself stay"
    ws = jnp.asarray(tiny_people(3))
    expected = evaluate_together(tiny_reference(), by_hand(0, 1, 2), ws, -ws, progress=False)
    for k in range(3):
        assert figures["people"][str(k)]["id"] == pytest.approx(expected["people"][str(k)]["id"], abs=1e-5)
    assert figures["others_id"] == pytest.approx(expected["others_id"], abs=1e-5)
    assert figures["others_id"] < 0.999


def test_options_that_do_not_go_together_are_refused(run, capsys):
    for arguments, message in (
        (("--also", str(run.path)), "--also needs --compose"),
        (("--compose", "--strength", "0.5"), "leave --strength out"),
    ):
        assert cli.main(["evaluate", str(run.path), *arguments]) == 2
        lines = capsys.readouterr().err
        assert message in lines
        assert lines.count("\n") == 1
