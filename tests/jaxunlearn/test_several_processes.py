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

SUPPORT = Path(__file__).parents[1] / "support"


def processes(folder: Path, count: int, devices: int, mesh: str) -> RunFolder:
    """Run them to the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    paths = os.pathsep.join([str(SUPPORT), *(path for path in sys.path if path)])
    command = [sys.executable, str(SUPPORT / "several_processes.py"), str(folder), coordinator, str(count)]
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
    return RunFolder(folder)


@pytest.fixture(scope="module")
def two_processes(tmp_path_factory):
    return processes(tmp_path_factory.mktemp("runs") / "two", 2, 4, "2x4")


@pytest.mark.slow
@pytest.mark.parametrize(("devices", "mesh"), [(8, "2x4"), (1, "1x1")])
def test_two_processes_are_one(tmp_path, two_processes, devices, mesh):
    one = processes(tmp_path / "one", 1, devices, mesh)
    assert two_processes.finished()
    assert [line["step"] for line in two_processes.metrics()] == [1, 2, 3]  # written once
    for a, b in zip(two_processes.metrics(), one.metrics(), strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)
    for k in range(3):
        a, b = load_file(two_processes.generator(k)), load_file(one.generator(k))
        for name, value in a.items():
            np.testing.assert_allclose(value, b[name], rtol=1e-3, atol=1e-4, err_msg=name)
