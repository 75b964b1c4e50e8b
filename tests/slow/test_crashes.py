"""What is left when a run ends in the middle of things, and when the disk does."""

import shutil
import subprocess
import time
from pathlib import Path

import chex
import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.training import run as training
from jaxunlearn.training.storage.metrics_log import read_metrics
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.batch import unlearn_all
from jaxunlearn.workflows.batch_dir import Worklist
from tests.support.crashing_run import settings
from tests.support.file_moments import moments_of
from tests.support.programs import environment, python
from tests.support.tiny_models import numbers, tiny_models, tiny_people
from tests.support.tiny_sugar import tiny_sugar
from tests.support.waiting import wait_until

FOREVER = 100_000


def start(*arguments: object) -> subprocess.Popen[str]:
    """The run in a process of its own."""
    return subprocess.Popen(
        python("crashing_run", *arguments),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )


def saved(folder: RunFolder) -> list[int]:
    """Steps whose states are complete."""
    return sorted(int(path.name) for path in folder.checkpoints.iterdir() if path.name.isdecimal())


@pytest.mark.must
def test_killed_at_any_moment_it_goes_on(tmp_path):
    """Twice, always while states are being written; at most two steps are lost, and never the run."""
    folder, reached, random = RunFolder(tmp_path / "run"), 0, np.random.default_rng(0)
    for _ in range(2):
        child, until = start(folder.path, FOREVER), reached + random.integers(3, 9)
        wait_until(lambda until=until: len(folder.metrics()) >= until, child)
        time.sleep(random.uniform(0, 0.1))
        child.kill()
        child.communicate()
        reached = folder.metrics()[-1]["step"]
        assert reached - saved(folder)[-1] <= 2  # one is written while the next step is taken
    resumed = unlearn(
        tiny_models(), tiny_people(1), settings(reached + 3), workdir=folder.path, progress=False
    )
    straight = unlearn(tiny_models(), tiny_people(1), settings(reached + 3), progress=False)
    chex.assert_trees_all_equal(numbers(resumed.generator), numbers(straight.generator))
    assert [line["step"] for line in folder.metrics()] == list(range(1, reached + 4))


@pytest.mark.must
def test_a_full_disk_is_one_line_and_leaves_what_was_saved(tmp_path):
    """No file can grow any further: the next state cannot be written, those before can be gone on from."""
    folder = RunFolder(tmp_path / "run")
    unlearn(tiny_models(), tiny_people(1), settings(2), workdir=folder.path, progress=False)
    folder.generator().unlink()
    child = start(folder.path, 6, 2000)
    _, errors = child.communicate(timeout=300)
    assert child.returncode == 2, errors
    assert "Traceback" not in errors
    assert "File too large" in errors.splitlines()[-1]
    assert saved(folder)[-1] == 2
    resumed = unlearn(tiny_models(), tiny_people(1), settings(4), workdir=folder.path, progress=False)
    assert resumed.summary["steps"] == 4


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("file systems may not be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 3000, 30_000, 100_000])
def test_no_room_is_one_line_and_resumes_identically_once_there_is(small_disk, tmp_path, room):
    """Wherever it runs out, in the first files or in a checkpoint that is written meanwhile."""
    folder = RunFolder(small_disk / "run")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(2**20 - 2 * 4096 - room // 4096 * 4096))
    child = start(folder.path, 40)
    _, errors = child.communicate(timeout=500)
    assert child.returncode == 2, errors
    (line,) = [line for line in errors.splitlines() if line.startswith("jaxunlearn: ")]
    assert "No space left on device" in line
    assert "Traceback" not in errors
    filler.unlink()
    copy = tmp_path / "run"
    if folder.path.exists():
        shutil.copytree(folder.path, copy)
    resumed = unlearn(tiny_models(), tiny_people(1), settings(4), workdir=copy, progress=False)
    straight = unlearn(tiny_models(), tiny_people(1), settings(4), progress=False)
    chex.assert_trees_all_equal(numbers(resumed.generator), numbers(straight.generator))


@pytest.mark.must
def test_a_broken_checkpoint_is_named(tmp_path):
    folder = RunFolder(tmp_path / "run")
    unlearn(tiny_models(), tiny_people(1), settings(2), workdir=folder.path, progress=False)
    folder.generator().unlink()
    for file in (folder.checkpoints / "2").rglob("*"):
        if file.is_file() and file.stat().st_size > 1000:
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(InputError, match=r"checkpoints/2: is damaged, .* remove that folder"):
        unlearn(tiny_models(), tiny_people(1), settings(3), workdir=folder.path, progress=False)


def begin_again(kind: str, folder: Path) -> None:
    """The same command: a small run of one person, of several in one generator, or a work list."""
    people = tiny_people(3)
    config = tiny_sugar() if kind == "sugar" else settings(3)
    config.update(steps=3, log_every=1, images_every=0, checkpoint_every=1)
    config.optimiser.update(learning_rate=1e-3, schedule="constant")
    if kind == "worklist":
        worklist = Worklist(("ada", "bea", "cleo"), lambda some: people[list(some)])
        unlearn_all(tiny_models(), worklist, config, folder, parallel=2, progress=False)
    else:
        of = people[:1] if kind == "guide" else people
        unlearn(tiny_models(), of, config, workdir=folder, progress=False)


def weights_in(folder: Path) -> dict[str, bytes]:
    """What a run made, with SUGAR's mapper and Fisher."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.safetensors")}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["guide", "sugar", "worklist"])
def test_killed_at_every_operation_on_a_file(tmp_path, monkeypatch, kind):
    """The same command ends the run with the same bytes each time, and leaves nothing unfinished."""
    compiled, compile_step = {}, training.compiled_step

    def once(recipe, *arguments):
        if recipe.copies not in compiled:
            compiled[recipe.copies] = compile_step(recipe, *arguments)
        return compiled[recipe.copies]

    monkeypatch.setattr(training, "compiled_step", once)
    with moments_of(tmp_path / "run", tmp_path / "copies") as moments:
        begin_again(kind, tmp_path / "run")
    whole = weights_in(tmp_path / "run")
    assert len(moments.found) > 40
    for moment, copy in moments.found.items():
        begin_again(kind, copy)
        assert weights_in(copy) == whole, moment
        left = [path.name for path in copy.rglob("*") if "tmp" in path.name or path.name == ".lock"]
        assert not left, moment
        if kind != "worklist":
            assert "steps_per_second" in RunFolder(copy).summary, moment


def test_a_line_cut_off_while_it_was_written(tmp_path):
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert read_metrics(metrics) == [{"step": 1}, {"step": 2}]
