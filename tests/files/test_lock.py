"""One process at a time in a folder, and a beginning that a kill cannot spoil."""

import errno
import fcntl
import json
import os
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.files import lock
from jaxunlearn.files.lock import NAME, locked, refuse_other_files
from jaxunlearn.methods.guide import presets
from jaxunlearn.training.storage.networks_of_run import Origin
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.batch_dir import Worklist, WorklistFolder
from tests.support.file_moments import moments_of
from tests.support.programs import environment

HOLDER = """
import sys, time
from pathlib import Path
from jaxunlearn.files.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def hold(folder) -> subprocess.Popen[str]:
    """Another process that holds a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_may_hold_own_files_finished_or_not_and_those_of_file_managers(tmp_path):
    folder = tmp_path / "run"
    refuse_other_files(folder, ())
    folder.mkdir()
    for name in (NAME, ".DS_Store", "run.json", ".run.json.a1b2c3d4.tmp", ".config.json.a1b2c3d4.tmp"):
        (folder / name).touch()
    refuse_other_files(folder, ("run.json", "config.json"))
    with pytest.raises(InputError, match="run: holds other files; give an empty or a new folder"):
        refuse_other_files(folder, ("run.json",))


def test_the_second_is_told_who_holds_it_and_a_kill_frees_it(tmp_path):
    folder = tmp_path / "run"
    other = hold(folder)
    try:
        with (
            pytest.raises(InputError, match=rf"is in use by process {other.pid} on .*; wait for it"),
            locked(folder),
        ):
            pass
    finally:
        other.kill()
        other.communicate()
    assert (folder / NAME).exists()
    with locked(folder):
        assert json.loads((folder / NAME).read_text())["process"] == os.getpid()
    assert not (folder / NAME).exists()


def test_a_refused_command_leaves_no_folder(tmp_path):
    with pytest.raises(InputError), locked(tmp_path / "a" / "b"):
        raise InputError("no")
    assert not any(tmp_path.iterdir())


def test_a_file_cannot_be_locked_as_a_folder(tmp_path):
    file = tmp_path / "results"
    file.write_text("mine")
    with pytest.raises(InputError, match=r"results: cannot be written, .*results is a file"), locked(file):
        pass
    assert file.read_text() == "mine"


def no_locks(descriptor, operation):
    raise OSError(errno.ENOTSUP, "not here")


@pytest.mark.parametrize("host", ["elsewhere", None])
def test_without_locks_the_last_sign_of_life_decides(tmp_path, monkeypatch, host):
    monkeypatch.setattr(fcntl, "flock", no_locks)
    with locked(tmp_path):
        if host is not None:
            (tmp_path / NAME).write_text(json.dumps({"host": host, "process": 1}))
        text = rf"is in use by process .*{re.escape(host or '')}"
        with pytest.raises(InputError, match=text), locked(tmp_path):
            pass
        long_ago = time.time() - 2 * lock.STALE_AFTER
        os.utime(tmp_path / NAME, (long_ago, long_ago))
        with locked(tmp_path):
            pass


def test_whoever_holds_it_shows_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "TOUCHED_EVERY", 0.01)
    with locked(tmp_path):
        os.utime(tmp_path / NAME, (0, 0))
        until = time.monotonic() + 10
        while (tmp_path / NAME).stat().st_mtime == 0:
            assert time.monotonic() < until


REQUEST = Request("m", "f", ("ada",), "p", "i", "w")
WS = np.ones((1, 2, 3), np.float32)


def begin_run(folder, subject="ada"):
    run = RunFolder(folder)
    with run.lock():
        run.begin(Request("m", "f", (subject,), "p", "i", "w"), presets.heads(), WS)


@pytest.mark.parametrize("kind", [RunFolder, WorklistFolder])
def test_a_process_that_does_not_write_looks_for_the_lock_of_the_one_that_does(tmp_path, monkeypatch, kind):
    """Without it, each host has a folder of its own, and the others find nothing of what is written."""
    monkeypatch.setattr(lock, "SEEN_WITHIN", 0)
    with (
        pytest.raises(InputError, match="all hosts must see the same folder"),
        kind(tmp_path, writes=False).lock(),
    ):
        pass
    with kind(tmp_path).lock(), kind(tmp_path, writes=False).lock():
        pass


def test_a_lock_may_be_seen_late(tmp_path):
    appears = threading.Timer(0.5, (tmp_path / NAME).touch)
    appears.start()
    with RunFolder(tmp_path, writes=False).lock():
        assert (tmp_path / NAME).exists()


def begin_list(folder, subject="ada"):
    worklist = WorklistFolder(folder)
    with worklist.lock():
        worklist.begin(Origin("m", "f"), Worklist((subject,), lambda some: WS[list(some)]), presets.heads())


@pytest.mark.parametrize("begin", [begin_run, begin_list])
def test_killed_while_it_begins(tmp_path, begin):
    """At every operation: the same command begins, and nothing is left of the first attempt."""
    with moments_of(tmp_path / "run", tmp_path / "copies") as moments:
        begin(tmp_path / "run")
    assert len(moments.found) >= 5
    names = sorted(path.name for path in (tmp_path / "run").rglob("*"))
    for copy in moments.found.values():
        begin(copy)
        assert sorted(path.name for path in copy.rglob("*")) == names


@pytest.mark.parametrize("begin", [begin_run, begin_list])
@pytest.mark.parametrize("name", ["notes.txt", "config.json", "latents.npz", "run.json", "worklist.json"])
def test_other_files_are_never_taken_for_ours(tmp_path, begin, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError):
        begin(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "{}"


@pytest.mark.parametrize("begin", [begin_run, begin_list])
def test_an_empty_folder_as_a_file_manager_leaves_it(tmp_path, begin):
    (tmp_path / ".DS_Store").write_bytes(b"\0")
    begin(tmp_path)
    with pytest.raises(InputError, match=r"other people|with subjects"):
        begin(tmp_path, "bea")


def test_strays_among_waves(tmp_path):
    begin_list(tmp_path)
    for name in (".DS_Store", "notes", "\u0660\u0660\u0660\u0661"):
        (tmp_path / "waves" / name).mkdir(parents=True)
    WorklistFolder(tmp_path).clean()
    assert len(list((tmp_path / "waves").iterdir())) == 3


def line(subject: str) -> str:
    return (
        json.dumps({"subject": subject, "status": "done", "wave": 0, "steps": 1, "learning_rate": 0.1}) + "\n"
    )


def test_a_results_line_that_a_crash_cut_off(tmp_path):
    begin_list(tmp_path)
    (tmp_path / "results.jsonl").write_text(line("ada") + line("bea")[:-9])
    worklist = WorklistFolder(tmp_path)
    with pytest.warns(UserWarning, match="its last line was cut off"), worklist.lock():
        assert list(worklist.last()) == ["ada"]
    assert (tmp_path / "results.jsonl").read_text() == line("ada")


@pytest.mark.parametrize(
    "damage", ["{", "[]", '{"subject": 1}', "\\", '{"subject": "ada", "status": "done"}']
)
def test_damaged_results_are_named_with_their_line(tmp_path, damage):
    begin_list(tmp_path)
    (tmp_path / "results.jsonl").write_text(f"{line('ada')}{damage}\n{line('bea')}")
    with pytest.raises(InputError, match=r"results\.jsonl: line 2: "):
        WorklistFolder(tmp_path).last()
