"""The training for one GPU, on the processor and with tiny sizes: chosen steps, results, resuming."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.gpu import train
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.models.generator import load_generator
from jaxunlearn.zoo.training.arrivals import Schedule
from tests.support.tiny_heads import TINY

ROOT = Path(__file__).parents[2]
SETTINGS = {
    **{f"generator.{name}": value for name, value in TINY.items()},
    "generator.neural_rendering_resolution": 24,
    "generator.sr_input_resolution": 24,
    "generator.img_resolution": 48,
    "patch": 16,
    "batch.people": 2,
    "batch.views": 2,
    "batch.pixels": 16,
    "data.people": 6,
    "data.first_people": 4,
    "data.held_out": 2,
    "data.views": 2,
    "data.workers": 1,
    "log_every": 1,
}


def options(out: Path, work: Path) -> list[str]:
    changes = [f"--set={name}={json.dumps(value, separators=(',', ':'))}" for name, value in SETTINGS.items()]
    return [f"--out={out}", f"--work={work}", "--seconds=0", "--timed-steps=1", *changes]


def test_time_is_shared_out_among_the_phases() -> None:
    plan = train.plan_of(100, {"surface": 0.1, "patches": 0.5, "whole": 1.0})
    assert plan == (400, 100, 10)
    assert train.plan_of(-5, {"surface": 0.1, "patches": 0.5, "whole": 1.0}) == (1, 1, 1)
    assert sum(train.SHARES.values()) == pytest.approx(1)


def test_steps_are_set_in_the_committed_settings(tmp_path: Path) -> None:
    parsed: Any = type("Options", (), {"work": tmp_path, "set": ["batch.people=5"]})
    config = train.settings(parsed)
    assert config.batch.people == 5
    assert config.dtype == "bfloat16"
    train.set_steps(config, train.Plan(400, 100, 10), people=10**6)
    assert train.first_steps(config) == (0, 400, 500)
    assert (config.surface_steps + config.volume_steps, config.rate.warmup) == (510, 20)
    assert config.data.people == 32768
    assert Schedule(**schedule_of(config)).available(200) == config.data.people


def schedule_of(config: Any) -> dict[str, Any]:
    data = config.data
    return {"people": data.people, "first": data.first_people, "per_step": data.people_per_step}


@pytest.mark.parametrize(("arrived", "rate"), [(2048, 150.0), (20000, 150.0), (2048, 0.0), (32768, 0.0)])
def test_no_step_draws_from_people_who_cannot_be_there(arrived: int, rate: float, tmp_path: Path) -> None:
    parsed: Any = type("Options", (), {"work": tmp_path, "set": []})
    config, plan, seconds = train.settings(parsed), train.Plan(4000, 100, 10), 0.03
    people = train.people_in_time(plan, seconds, arrived=arrived, rate=rate)
    train.set_steps(config, plan, people)
    schedule = Schedule(**schedule_of(config))
    assert all(
        schedule.available(number) <= arrived + rate * seconds * number for number in range(plan.surface)
    )
    assert schedule.available(plan.surface) == config.data.people >= 0.9 * min(32768, arrived + 60 * rate)


CHECKPOINT_BYTES = 4 * 9_675_000
"""Weights, their average and two moments of `GeneratorConfig.heads()`, in float32."""


def test_the_newest_checkpoint_is_packed_in_few_parts(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    out.mkdir()
    (out / "run.tar.03").touch()  # of an earlier call
    for step in (998, 1005):
        folder = work / "run/checkpoints" / str(step) / "state"
        folder.mkdir(parents=True)
        (folder / "data").write_bytes(bytes(CHECKPOINT_BYTES))
    (work / "run/checkpoints/1010.orbax-checkpoint-tmp").mkdir()
    (work / "run/images").mkdir()
    for name in ("config.json", "metrics.jsonl", "generator.safetensors", "images/step.png"):
        (work / "run" / name).write_bytes(b"{}")
    subprocess.run(["bash", "benchmarks/gpu/pack.sh", work, out], cwd=ROOT, check=True)
    parts = sorted(out.iterdir())
    assert [part.name for part in parts] == ["run.tar.00", "run.tar.01", "run.tar.02"]
    assert max(part.stat().st_size for part in parts) < 16e6
    whole = tmp_path / "run.tar"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    with tarfile.open(whole) as packed:
        assert sorted(member.name for member in packed if member.isfile()) == [
            "run/checkpoints/1005/state/data",
            "run/config.json",
            "run/metrics.jsonl",
        ]


def test_without_a_checkpoint_there_is_nothing_to_pack(tmp_path: Path) -> None:
    subprocess.run(["bash", "benchmarks/gpu/pack.sh", tmp_path, tmp_path], cwd=ROOT, check=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ("batch.people=5", "batch.people", 5),
        ("log_every=7", "log_every", 7),
        ("data.people=32768", "data.people", 4096),  # as it was planned
        ("rate.peak=0.02", "rate.warmup", 20),
    ],
)
def test_a_training_is_resumed_as_planned_and_changes_are_not_passed_over(
    change: str, name: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: Any = type("Options", (), {"work": tmp_path, "set": []})
    config, resumed = train.settings(parsed), []
    train.set_steps(config, train.Plan(400, 100, 10), people=4096)
    (tmp_path / train.CONFIG).write_text(config.to_json_best_effort())
    monkeypatch.setattr(train, "GeneratorTask", lambda config: config)
    monkeypatch.setattr(train, "train", lambda task, run: resumed.append(flat(task)))
    parsed.set = [change]
    train.trained(parsed, tmp_path)
    assert resumed[0][name] == value
    assert resumed[0]["surface_steps"] == 400


def test_what_a_training_cannot_be_resumed_with_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(options: Any, run: Path) -> None:
        raise InputError(f"{run}: is a training with config.seed 0, not 1")

    monkeypatch.setattr(train, "trained", refused)
    assert train.main([f"--out={tmp_path}", f"--work={tmp_path}"]) == 2
    assert capsys.readouterr().err == f"train.py: {tmp_path}/run: is a training with config.seed 0, not 1\n"


def script_without_training(work: Path, *folders: Path) -> str:
    """What `train.sh` says where `python3` does nothing."""
    (work.parent / "python3").write_text("#!/bin/sh\n")
    (work.parent / "python3").chmod(0o755)
    variables = {**os.environ, "PATH": f"{work.parent}:{os.environ['PATH']}", "WORK": str(work)}
    done = subprocess.run(
        ["bash", "benchmarks/gpu/train.sh", *folders],
        cwd=ROOT,
        env=variables | {"WHEELS": str(work / "none")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


def test_a_folder_without_a_run_takes_the_parts_and_one_with_a_run_is_said_to_resume(tmp_path: Path) -> None:
    before, work, out = (tmp_path / name for name in ("before", "work", "out"))
    (before / "run").mkdir(parents=True)
    (before / "run/config.json").write_text("{}")
    with tarfile.open(before / "run.tar.00", "w") as packed:
        packed.add(before / "run", "run")
    (work / "run").mkdir(parents=True)  # as a call leaves it that was refused
    assert "resumes" not in script_without_training(work, out, before)
    assert (work / "run/config.json").is_file()
    assert f"train.sh: resumes the training in {work}/run;" in script_without_training(work, out)


@pytest.mark.slow
def test_a_training_ends_with_network_figures_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, work = tmp_path / "out", tmp_path / "work"
    assert train.main(options(out, work)) == 0
    printed = capsys.readouterr().out
    figures = json.loads((out / train.FIGURES).read_text())
    assert figures["float32"]["images"] == figures["uint8"]["images"] == 4
    assert f"| uint8 | {figures['uint8']['psnr']} |" in printed
    assert load_generator(str(out / train.NETWORK)).config.img_resolution == 48
    with Image.open(out / train.PICTURE) as image:
        assert image.size == (5 * 48, 2 * 2 * 48)
    lines = [json.loads(line) for line in (work / "run/metrics.jsonl").read_text().splitlines()]
    assert [line["phase"] for line in lines if "phase" in line] == ["surface", "patches", "whole"]
    # Again: nothing is left to train, and the numbers of steps stay.
    assert train.main(options(out, work)) == 0
    assert json.loads((out / train.FIGURES).read_text()) == figures


@pytest.mark.slow
def test_the_script_resumes_from_the_parts_of_a_run(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JAX_PLATFORMS": "cpu",
        "WHEELS": str(tmp_path / "none"),
        "TRAIN_OPTIONS": " ".join(options(tmp_path / "ignored", tmp_path / "ignored")[2:]),
    }

    def script(work: str, *folders: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "benchmarks/gpu/train.sh", *(str(tmp_path / folder) for folder in folders)]
        changed = environment | {"WORK": str(tmp_path / work), "SECONDS_TO_TRAIN": "0"}
        return subprocess.run(
            command, cwd=ROOT, env=changed, capture_output=True, text=True, timeout=600, check=False
        )

    first = script("here", "first")
    assert first.returncode == 0, first.stdout + first.stderr
    names = {path.name for path in (tmp_path / "first").iterdir()}
    assert {"heads.safetensors", "evaluation.json", "heads.png", "metrics.jsonl", "run.tar.00"} <= names
    assert max(path.stat().st_size for path in (tmp_path / "first").iterdir()) < 16e6
    again = script("elsewhere", "second", "first")
    assert again.returncode == 0, again.stdout + again.stderr
    for name in ("heads.safetensors", "evaluation.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
