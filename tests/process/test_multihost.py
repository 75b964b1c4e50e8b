"""A run of two processes with four devices each is the run of one process with eight, and with one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np
import pytest
from safetensors.numpy import load_file

from jaxunlearn.errors import InputError
from jaxunlearn.process import multihost, supervision
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.batch_dir import WorklistFolder
from tests.support.programs import environment, python
from tests.support.same_run import assert_same_run
from tests.support.waiting import wait_until


def free_address() -> str:
    """Host and port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def processes(kind: str, folder: Path, count: int, devices: int, mesh: str) -> Path:
    """Run them to the end; see `tests.support.several_processes`."""
    coordinator = free_address()
    command = python("several_processes", kind, folder, coordinator, count)
    running = [
        subprocess.Popen(
            [*command, str(process), str(devices), mesh],
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(count)
    ]
    for process in running:
        _, errors = process.communicate(timeout=900)
        assert process.returncode == 0, errors
    return folder


def agree(several: Path, one: Path, generators: int) -> None:
    """The same losses and parameters, up to the order of summation."""
    a, b = RunFolder(several), RunFolder(one)
    assert a.finished()
    assert [line["step"] for line in a.metrics()] == [1, 2, 3]  # written once
    for x, y in zip(a.metrics(), b.metrics(), strict=True):
        assert x["loss"] == pytest.approx(y["loss"], rel=1e-4)
    for k in range(generators):
        x, y = load_file(a.generator(k)), load_file(b.generator(k))
        assert_same_run(x, y, learning_rate=1e-3, steps=3)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    return processes("guide", tmp_path_factory.mktemp("runs") / "two", 2, 4, "2x4")


@pytest.fixture(scope="module")
def one_device(tmp_path_factory):
    return processes("guide", tmp_path_factory.mktemp("runs") / "one", 1, 1, "1x1")


@pytest.mark.must
def test_two_processes_are_one_device(two_processes, one_device):
    agree(two_processes, one_device, generators=3)


@pytest.mark.slow
def test_two_processes_are_one_with_as_many_devices(two_processes, tmp_path):
    agree(two_processes, processes("guide", tmp_path / "one", 1, 8, "2x4"), generators=3)


@pytest.mark.slow
def test_many_people_in_one_generator(tmp_path):
    """SUGAR's surrogates and Fisher, too, are the same in both processes, and what one device makes."""
    two = processes("sugar", tmp_path / "two", 2, 4, "1x8")
    one = processes("sugar", tmp_path / "one", 1, 1, "1x1")
    agree(two, one, generators=1)
    for name in ("fisher.safetensors", "surrogates.safetensors"):
        a, b = load_file(two / name), load_file(one / name)
        for parameter, value in a.items():
            np.testing.assert_allclose(value, b[parameter], rtol=1e-3, atol=1e-5, err_msg=parameter)


@pytest.mark.must
def test_each_process_finds_latents_of_its_share(tmp_path, one_device):
    folder = processes("worklist", tmp_path / "list", 2, 4, "2x4")
    assert (tmp_path / "list.asked0").read_text() == "[0, 1]\n"
    assert (tmp_path / "list.asked1").read_text() == "[2, 2]\n"  # the last once more: shares are of one size
    lines = WorklistFolder(folder).lines()
    assert [(line["subject"], line["status"]) for line in lines] == [
        ("ada", "done"),
        ("bea", "done"),
        ("cleo", "done"),
    ]
    losses = RunFolder(one_device).summary["losses"]
    assert [line["loss"] for line in lines] == pytest.approx(losses, rel=1e-4)


def joined(
    folder: Path,
    seeds: tuple[int, ...],
    steps: int = 100_000,
    *,
    full: int | None = None,
    places: Sequence[Path] | None = None,
) -> list[subprocess.Popen[str]]:
    """Start a run in several processes as the command would; see `tests.support.joined_run`.

    Process `full` has so little room that it cannot write its part of a checkpoint. `places` are the working
    folders of the processes.
    """
    coordinator = free_address()
    command = python("joined_run", folder, steps)
    return [
        subprocess.Popen(
            [
                *command,
                *(str(seed), coordinator, str(len(seeds)), str(process)),
                *(["3000"] if process == full else []),
            ],
            env=environment(),
            cwd=None if places is None else places[process],
            stderr=subprocess.PIPE,
            text=True,
        )
        for process, seed in enumerate(seeds)
    ]


@pytest.mark.must
@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_process_ends_the_others_with_one_line(tmp_path, killed):
    folder = tmp_path / "run"
    running = joined(folder, (0, 0))
    wait_until(RunFolder(folder).metrics, *running)
    running[killed].kill()
    began = time.monotonic()
    _, errors = running[1 - killed].communicate(timeout=120)
    assert errors.splitlines()[-1].startswith(f"jaxunlearn: process {killed} ended"), errors
    assert len(errors.splitlines()) == 1
    assert running[1 - killed].returncode == 2
    assert time.monotonic() - began < 60
    running[killed].communicate(timeout=30)


@pytest.mark.must
@pytest.mark.parametrize("full", [0, 1])
def test_a_checkpoint_that_one_process_cannot_write_ends_all(tmp_path, full):
    """Orbax alone would wait 20 minutes for its part of the checkpoint."""
    folder = tmp_path / "run"
    running = joined(folder, (0, 0), full=full)
    wait_until(RunFolder(folder).metrics, *running)
    began = time.monotonic()
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 2, errors
        assert len(errors.splitlines()) == 1, errors
        assert "a checkpoint cannot be written (File too large); make room" in errors
    assert time.monotonic() - began < 60


@pytest.mark.long
def test_a_failure_in_one_process_is_shown_there_and_named_in_the_others():
    coordinator = free_address()
    running = [
        subprocess.Popen(
            python("failing_share", coordinator, 2, process),
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        for process in range(2)
    ]
    other, failed = (process.communicate(timeout=120)[1] for process in running)
    assert failed.startswith("Traceback")
    assert failed.endswith("KeyError: 'the true reason'\n")
    assert other == "jaxunlearn: process 1 ended: an internal failure; its own messages say more\n"
    assert [process.returncode for process in running] == [1, 1]


@pytest.mark.must
def test_processes_that_were_asked_different_things(tmp_path):
    for process in joined(tmp_path / "run", (0, 1)):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 2, errors
        (line,) = errors.splitlines()
        assert "process 1 differs from process 0 in settings" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_processes_with_folders_of_their_own(tmp_path):
    """As on hosts that share no file system."""
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
    for process in joined(Path("run"), (0, 0), places=places):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 2, errors
        (line,) = errors.splitlines()
        assert "run: what process 0 writes there is not seen on this host" in line
    assert not any((place / "run").exists() for place in places)


@pytest.mark.must
def test_sigterm_in_one_process_stops_all(tmp_path):
    folder = tmp_path / "run"
    running = joined(folder, (0, 0))
    wait_until(RunFolder(folder).metrics, *running)
    running[1].send_signal(signal.SIGTERM)
    for process, code in zip(running, (130, 143), strict=True):
        _, errors = process.communicate(timeout=200)
        assert process.returncode == code, errors
        (line,) = errors.splitlines()
        assert "is saved in" in line


@pytest.mark.must
def test_sigterm_to_all_processes_of_a_machine_saves_the_state(tmp_path):
    """As systemd sends it: the inner process gets it directly, and from the outer one."""
    folder = tmp_path / "run"
    (outer,) = joined(folder, (0,))
    wait_until(RunFolder(folder).metrics, outer)
    inner = subprocess.check_output(["pgrep", "-P", str(outer.pid)], text=True)
    for process in (outer.pid, int(inner)):
        os.kill(process, signal.SIGTERM)
    _, errors = outer.communicate(timeout=200)
    assert outer.returncode == 143, errors
    (line,) = errors.splitlines()
    assert "is saved in" in line


@pytest.mark.parametrize("address", ["nonsense", "host:", ":1", "host:0", "host:65536", "host:\u0661"])
def test_addresses_that_are_none(address):
    with pytest.raises(InputError, match="write it as HOST:PORT"):
        multihost.check_address(address)


def test_a_coordinator_that_does_not_answer(capsys, monkeypatch):
    monkeypatch.setattr(multihost, "_SAID_AFTER", 0.2)
    address, began = free_address(), time.monotonic()
    with pytest.raises(InputError, match="does not answer"):
        multihost.start(address, 2, 1, wait=1)
    assert time.monotonic() - began < 10
    assert f"waiting for process 0 at {address}" in capsys.readouterr().err


def test_no_cluster_around_this_machine(monkeypatch):
    def initialize(*_: object, **__: object) -> None:
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", initialize)
    with pytest.raises(InputError, match="no cluster was found here; give --coordinator"):
        multihost.start()


@pytest.mark.skipif(sys.platform == "win32", reason="not on Windows, which passes no file by its number")
def test_shortened_options_of_several_processes_are_supervised():
    for option in ("--di", "--distributed", "--coo=host:1", "--coordinator"):
        assert supervision.wanted(["unlearn", option])
    for option in ("--dir", "--config.steps=3", "--", "-d"):
        assert not supervision.wanted(["models", option])
