"""The tools that make the bundled files: wrong input gives one line and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import run_tool

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("bundle_zoo.py", ("run", "{folder}", "{folder}/out"), "not a run folder; give the --workdir of"),
        ("bundle_zoo.py", ("lpips-heads", "{folder}/none", "{folder}/out"), "not the wheel of lpips 0.1.4"),
        ("bundle_zoo.py", ("lpips", "{folder}/none", "{folder}/out"), "none: "),
        ("bundle_zoo.py", ("dlib", "{folder}", "{folder}/out"), "weights_manifest.json: no such file"),
        ("evaluate_zoo_generator.py", ("{folder}/none",), "no such file"),
        ("evaluate_zoo_generator.py", ("--picture", "{folder}/none/a.png"), "its folder does not exist"),
        ("evaluate_zoo_identity.py", ("--network", "{folder}/none"), "no such file"),
        ("evaluate_zoo_identity.py", ("--people", "1"), "--people and --ablation-people must be at least 2"),
        ("picture_synthetic_people.py", ("wigs", "{folder}/none/a.webp"), "its folder does not exist"),
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


def test_a_training_refuses_a_wrong_setting(tmp_path: Path) -> None:
    command = [sys.executable, "tools/train_zoo.py", "--config", "configs/zoo/identity.py:loss"]
    command += ["--config.steps=0", "--workdir", str(tmp_path / "run")]
    # A process of its own: absl's flags can be defined once.
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert process.stderr == "train_zoo.py: config.steps must be at least 1, not 0\n"
    assert not (tmp_path / "run").exists()
