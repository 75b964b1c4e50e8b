"""The tools that make the bundled files: wrong input gives one line and exit code 2."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from jaxunlearn.errors import InputError
from tests.support.programs import run_tool

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("bundle_zoo.py", ("run", "{folder}", "{folder}/out"), "not a run folder; give the --workdir of"),
        ("bundle_zoo.py", ("lpips-heads", "{folder}/none", "{folder}/out"), "not the wheel of lpips 0.1.4"),
        ("bundle_zoo.py", ("lpips", "{folder}/none", "{folder}/out"), "none: "),
        ("bundle_zoo.py", ("dlib", "{folder}", "{folder}/out"), "weights_manifest.json: no such file"),
        ("bundle_zoo.py", ("run", "{folder}", "{folder}/none/out"), "its folder does not exist"),
        ("bundle_zoo.py", ("run", "{folder}", "{folder}"), "it is a folder"),
        (
            "build_synthetic_dataset.py",
            ("--people", "0", "--out", "{folder}/out"),
            "people must be at least 1",
        ),
        ("calibrate_judges.py", ("--people", "1"), "--people must be at least 2"),
        ("calibrate_judges.py", ("--out", "{folder}/none/a.json"), "its folder does not exist"),
        ("calibrate_judges.py", ("--judge", "{folder}/none", "--out", "{folder}/out"), "no such file"),
        ("evaluate_zoo_generator.py", ("{folder}/none",), "no such file"),
        ("evaluate_zoo_generator.py", ("--picture", "{folder}/none/a.png"), "its folder does not exist"),
        ("evaluate_zoo_identity.py", ("--network", "{folder}/none"), "no such file"),
        ("evaluate_zoo_identity.py", ("--people", "1"), "--people and --ablation-people must be at least 2"),
        ("evaluate_zoo_identity.py", ("--views", "1"), "--views must be at least 2"),
        (
            "evaluate_zoo_identity.py",
            ("--ablation-people", "0", "--picture", "{folder}/out"),
            "--picture shows people of the ablation",
        ),
        ("picture_synthetic_people.py", ("wigs", "{folder}/none/a.webp"), "its folder does not exist"),
        ("picture_synthetic_people.py", ("wigs", "{folder}/a.foo"), "its ending names no format of pictures"),
        (
            "picture_synthetic_people.py",
            ("wigs", "{folder}/a.webp", "--views", "0"),
            "views must be at least 1",
        ),
        ("evaluate_zoo_people.py", ("--views", "1"), "--people, --views and --shapes must be at least 2"),
    ],
)
def test_wrong_input_is_named(
    tool: str,
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = [argument.format(folder=tmp_path) for argument in arguments]
    assert run_tool(tool, monkeypatch, *filled) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert not printed.out
    assert not (tmp_path / "out").exists()


def test_people_are_pictured_a_row_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = ("--people", "3", "--views", "2", "--resolution", "24")
    assert run_tool("picture_synthetic_people.py", monkeypatch, "wigs", str(tmp_path / "a.PNG"), *size) == 0
    with Image.open(tmp_path / "a.PNG") as image:
        assert image.size == (48, 72)


def test_the_generator_has_the_bars_that_its_page_names() -> None:
    bars = runpy.run_path(str(ROOT / "tools" / "evaluate_zoo_generator.py"))["BARS"]
    rows = re.findall(
        r"\| (?:PSNR|LPIPS \(AlexNet\)) at (\d+)² \| [\d.]+(?: dB)? \| ([\d.]+)",
        (ROOT / "jaxunlearn" / "zoo" / "MODELS.md").read_text(encoding="utf-8"),
    )
    assert rows == [("64", str(int(bars["psnr_64"]))), ("128", str(bars["lpips"]))]


def test_a_file_of_judges_loses_none_of_them(tmp_path: Path) -> None:
    kept_judges = runpy.run_path(str(ROOT / "tools" / "calibrate_judges.py"))["kept_judges"]
    about = {"generator": "abc", "views": {"views": 11}, "people": 256, "seed": 7}
    file = tmp_path / "judges.json"
    assert kept_judges(file, about, ["one"]) == {}
    file.write_text(json.dumps({**about, "judges": {"one": {}, "two": {}}}))
    assert kept_judges(file, about, ["one"]) == {"one": {}, "two": {}}
    assert kept_judges(file, {**about, "people": 400}, ["one", "two"]) == {}
    with pytest.raises(
        InputError, match=r"judges\.json: two would be lost, measured with other people \(256\)"
    ):
        kept_judges(file, {**about, "people": 400}, ["one"])
    file.write_text('{"people": 256}')
    with pytest.raises(InputError, match=r"judges\.json: "):
        kept_judges(file, about, ["one"])


def test_a_training_refuses_a_wrong_setting(tmp_path: Path) -> None:
    command = [sys.executable, "tools/train_zoo.py", "--config", "configs/zoo/identity.py:loss"]
    command += ["--config.steps=0", "--workdir", str(tmp_path / "run")]
    # A process of its own: absl's flags can be defined once.
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stderr == "train_zoo.py: config.steps must be at least 1, not 0\n"
    assert not (tmp_path / "run").exists()


def test_a_training_that_cannot_write_its_config_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    command = [sys.executable, "tools/train_zoo.py", "--config", "configs/zoo/identity.py:loss"]
    process = subprocess.run(
        [*command, "--workdir", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith(f"train_zoo.py: {tmp_path}/config.json: ")
