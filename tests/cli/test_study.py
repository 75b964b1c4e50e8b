"""`jaxunlearn study`, from runs to a count."""

from pathlib import Path

import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.reporting.study.folder import read_study
from tests.support.tiny_study import answers_of, tiny_run, written


def test_a_study_is_made_and_counted(tmp_path: Path, capsys):
    runs = [str(tiny_run(tmp_path / name, [1, 2], together=True)) for name in ("first", "second")]
    folder = tmp_path / "studies" / "first"
    assert cli.main(["study", *runs, "--out", str(folder), "--choices", "3", "--seed", "7"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        f"Hand out {folder / 'study.html'}; everybody sends back the file that it saves.",
        f"Keep {folder / 'key.json'} to yourself: it has the right answers.",
        f"Then: jaxunlearn study {folder} --answers FILE ...",
    ]
    study = read_study(folder)
    assert study.key["seed"] == 7
    files = [str(written(tmp_path / f"{n}.json", answers_of(study, n))) for n in range(3)]
    assert cli.main(["study", str(folder), "--answers", *files]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "3 participants, 30 answers."
    assert printed[1].startswith(
        "forgotten people of first: recognised in 6 of 6 answers (100 %; 95 % interval "
    )
    assert printed[1].endswith("NOT forgotten in people's eyes: that is above chance, 33 %.")
    assert printed[-1] == f"Look at {folder / 'report.html'}"
    assert sorted(path.name for path in folder.glob("res*")) == ["results.json", "results.md"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("study", "study: not the folder of a run (no run.json in it)"),
        ("study --answers a.json", "study: not the folder of a study (no key.json in it)"),
        ("study --answers a.json --out x", "--out has no effect with --answers; leave it out"),
        ("study --answers a.json --seed 3", "--seed has no effect with --answers; leave it out"),
        ("study other --answers a.json", "--answers: give the folder of one study"),
        ("made", "made: is a study already; count its answers with --answers FILE ..."),
        ("study --out made", "made: holds other files; give an empty or a new folder"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    for name in ("study", "made"):
        Path(name).mkdir()
    Path("made/key.json").touch()
    assert cli.main(["study", *arguments.split()]) == 2
    assert capsys.readouterr().err.splitlines() == [f"jaxunlearn: {message}"]
