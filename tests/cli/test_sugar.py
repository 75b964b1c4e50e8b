"""Many people from the command line: one generator, figures, pictures, a page; on the tiny models."""

import contextlib
import io

import numpy as np
import pytest
from PIL import Image

from jaxunlearn.cli import main as cli
from jaxunlearn.evaluation.frontier import read_frontier
from jaxunlearn.evaluation.statistics.figures_file import read_figures
from jaxunlearn.models import loading
from jaxunlearn.training.storage.run_dir import RunFolder
from tests.support.tiny_models import tiny_models

MANY = [
    *("--config.steps=2", "--config.surrogates.epochs=1", "--config.surrogates.width=2"),
    *("--config.ewc.probes=1", "--config.ewc.output=planes", "--config.pairs.batch=2"),
    *("--config.pairs.num_adjacent=1", "--config.evaluation.views=2"),
    *("--config.evaluation.retained_people=4", "--config.evaluation.strangers=0"),
    *("--config.evaluation.frechet_samples=8", "--config.evaluation.frontier_every=1"),
]


@pytest.fixture(scope="module", autouse=True)
def small():
    """The tiny models in place of the bundled ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "load_models", lambda *_, **__: tiny_models())
        yield


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """Three people in one generator; the folder."""
    folder = tmp_path_factory.mktemp("runs") / "many"
    arguments = ["unlearn", "--method", "sugar", "--seed", "3-5", "--out", str(folder), *MANY]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert cli.main(arguments) == 0
    assert str(folder / "generator" / "0000.safetensors") in printed.getvalue()
    assert "0001.safetensors" not in printed.getvalue()
    return RunFolder(folder)


@pytest.mark.must
def test_many_people_are_measured_together(many, capsys):
    assert cli.main(["evaluate", str(many.path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "0 of 3 people are forgotten" in printed[0]
    assert printed[1].startswith("Still found: 3 at their latent")
    assert any(line.startswith("Other people, chosen at random, stay the same") for line in printed)
    summary = many.summary
    assert set(summary["people"]) == {"0", "1", "2"}
    assert summary["fid_forget"] > 0
    assert summary["id"] == pytest.approx(np.mean([p["id"] for p in summary["people"].values()]))
    interval = summary["intervals"]["id"]
    assert (interval["n"], interval["mean"]) == (3, pytest.approx(summary["id"]))
    kinds = [line["kind"] for line in read_figures(many.figures_file)]
    assert kinds.count("person") == 3
    assert kinds.count("look") == 3 * 5  # latent, wide, three psi
    assert kinds.count("retained") == summary["counts"]["retained_people"]
    assert kinds.count("near") == summary["counts"]["retained_people"]
    assert [line["step"] for line in read_frontier(many.frontier_file)] == [1, 2]
    page = many.report.read_text()
    assert "<h3>Frontier</h3>" in page
    assert "<title>Forgetting seed 3, seed 4, seed 5</title>" in page
    assert page.count("data:image/webp;base64,") >= 3 * (
        2 + 3 * 5
    )  # each of them, from the front and all sides
    assert all(f'">seed {seed}</h3>' in page for seed in (3, 4, 5))


@pytest.mark.must
def test_everybody_in_one_picture(many):
    with Image.open(many.everybody_picture) as image:
        assert image.size == (3 * 32, 3 * 32)
        before, target, after = np.split(np.asarray(image, np.float32), 3)
    assert abs(before - after).mean() > 0
    assert abs(before - target).mean() > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "sugar", "--seed", "3,4,3"], "--seed: 3 is listed twice"),
        (["--method", "sugar", "--seed", "3", "--config.surrogates.width=0"], "surrogates.width must be"),
        (["--method", "sugar", "--seed", "3", "--config.target.kind=sweet"], "choose from mapper-unet"),
        (["--seed", "3", "--config.ewc.weight=3"], "unknown setting config.ewc.weight"),
    ],
)
def test_requests_of_many_that_make_no_sense(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["unlearn", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_sweep_over_distances(many, tmp_path, capsys):
    arguments = ["unlearn", "--method", "sugar", "--seed", "3-5", "--sweep-distance=-0.5,1.5"]
    assert cli.main([*arguments, "--out", str(tmp_path / "sweep"), *MANY]) == 0
    printed = capsys.readouterr().out
    assert "| -0.5 |" in printed
    assert "| 1.5 |" in printed
    assert printed.splitlines()[-2].endswith("person0002.png")
    page = (tmp_path / "sweep" / "report.html").read_text()
    assert "<h1>Forgetting at 2 distances d</h1>" in page
    assert all(name in page for name in ("d-0.5", "d+1.5"))
    assert (tmp_path / "sweep" / "person0002.png").is_file()


def test_sweeps_that_cannot_be(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["unlearn", "--seed", "3", "--sweep-distance", "1,2"]) == 2
    assert "needs one generator for all people; add --shared" in capsys.readouterr().err
    of_legato = ["--method", "legato", "--seed", "3", "--sweep-distance", "1,2"]
    assert cli.main(["unlearn", *of_legato]) == 2
    assert "LEGATO gives everybody a copy; change config.target.distance" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["unlearn", "--seed", "3", "--sweep-distance", "1,much"])
    assert "not a list of numbers" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
