"""The whole command at full size: 512² images, VGG16's LPIPS, IR-SE50, on this machine's CPU."""

import json
import resource
import subprocess
import sys

import pytest

LIMIT_GB = 20


@pytest.mark.slow
def test_two_steps_at_full_size_fit(tmp_path):
    """Random weights take what real ones take; the command says which networks were not found."""
    arguments = ["--model", "random-ffhq512", "--seed", "0", "--steps", "2", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "jaxunlearn", "unlearn", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "model_ir_se50.pth not found: random weights are used instead" in done.stderr
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    assert peak < LIMIT_GB
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["steps"] == 2
    assert (tmp_path / "run" / "generator" / "0000.safetensors").stat().st_size > 100e6
