"""A run of two processes with four devices each is the run of one process with eight, and with one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from jaxunlearn.run_folder import RunFolder
from jaxunlearn.worklist_folder import WorklistFolder

SUPPORT = Path(__file__).parents[1] / "support"


def processes(kind: str, folder: Path, count: int, devices: int, mesh: str) -> Path:
    """Run them to the end; see `support/several_processes.py`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    paths = os.pathsep.join([str(SUPPORT), *(path for path in sys.path if path)])
    script = str(SUPPORT / "several_processes.py")
    command = [sys.executable, script, kind, str(folder), coordinator, str(count)]
    running = [
        subprocess.Popen(
            [*command, str(process), str(devices), mesh],
            env=os.environ | {"PYTHONPATH": paths},
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
        for name, value in x.items():
            np.testing.assert_allclose(value, y[name], rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    return processes("guide", tmp_path_factory.mktemp("runs") / "two", 2, 4, "2x4")


@pytest.fixture(scope="module")
def one_device(tmp_path_factory):
    return processes("guide", tmp_path_factory.mktemp("runs") / "one", 1, 1, "1x1")


@pytest.mark.slow
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


@pytest.mark.slow
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
