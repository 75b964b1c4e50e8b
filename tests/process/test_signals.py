"""Ctrl-C and SIGTERM in every phase: one line, and an exit code that says which."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from jaxunlearn.process import signals
from tests.support.programs import environment

BEGINNING = """
import argparse, sys, time, warnings
from jaxunlearn.process import signals as interruptions
interruptions.watch()
from jaxunlearn.cli import main as cli
"""
END = """
sys.exit(cli.execute(argparse.Namespace(run=run, resumes=RESUMES)))
"""
PHASES = {
    "python": """
def run(_):
    print("now", flush=True)
    while True:
        time.sleep(0.01)
""",
    "swallowed": """
def run(_):
    text = "now"
    while True:
        try:
            print(text, flush=True)
            text = ""
            time.sleep(0.1)
        except BaseException:
            pass
""",
    "compiled code that does not return": """
import hashlib, threading
def run(_):
    threading.Timer(0.5, print, ["now"], {"flush": True}).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
""",
    "destructor": """
class Slow:
    def __del__(self):
        print("now", flush=True)
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            pass
def run(_):
    slow = Slow()
    del slow
    while True:
        time.sleep(0.01)
""",
    "turned into another error": """
def run(_):
    print("now", flush=True)
    try:
        while True:
            time.sleep(0.01)
    except KeyboardInterrupt:
        raise ImportError("numpy could not be imported") from None
""",
    "callback": """
def run(_):
    import jax
    def called(x):
        print("now", flush=True)
        until = time.monotonic() + 1
        while time.monotonic() < until:
            pass
        return x
    @jax.jit
    def compute(x):
        return jax.pure_callback(called, jax.ShapeDtypeStruct((), "float32"), x)
    jax.block_until_ready(compute(1.0))
    while True:
        time.sleep(0.01)
""",
}


def start(code: str, resumes: bool = True) -> subprocess.Popen[str]:
    """A command that has come to its phase."""
    text = BEGINNING + textwrap.dedent(code) + END.replace("RESUMES", str(resumes))
    process = subprocess.Popen(
        [sys.executable, "-c", text],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    return process


def end_of(process: subprocess.Popen[str], number: int) -> str:
    """The line it ends with."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert "Traceback" not in errors
    (line,) = errors.splitlines()
    return line


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_answers(phase):
    began = time.monotonic()
    line = end_of(start(PHASES[phase]), signal.SIGINT)
    assert line == "jaxunlearn: interrupted; what is finished is kept, and the same command resumes it"
    assert time.monotonic() - began < signals.PATIENCE + 20


def test_sigterm_has_its_own_code_and_some_commands_do_not_resume():
    assert end_of(start(PHASES["python"], resumes=False), signal.SIGTERM) == "jaxunlearn: interrupted"


def loop(*, ready: bool, pause: float = 0) -> str:
    """The code of a loop that ends when it is asked to, if it is `ready`, and needs `pause` seconds."""
    return f"""
def run(_):
    with interruptions.interruptions() as interrupted:
        print("now", flush=True)
        while not (interrupted.is_set() and {ready}):
            time.sleep(0.01)
        time.sleep({pause})
    from jaxunlearn.errors import Interrupted
    raise Interrupted("interrupted; step 3 is saved")
"""


def test_a_loop_is_asked_first_and_a_second_request_stops_at_once():
    line = end_of(start(loop(ready=True)), signal.SIGTERM)
    assert line == "jaxunlearn: interrupted; step 3 is saved"
    slow = start(loop(ready=False))
    slow.send_signal(signal.SIGINT)
    time.sleep(signals.PATIENCE + 1)
    assert slow.poll() is None
    assert "the same command resumes it" in end_of(slow, signal.SIGINT)


def test_the_same_signal_twice_at_once_is_one_request():
    """As systemd sends it: to every process, and the outer one passes it on."""
    asked = start(loop(ready=True, pause=0.5))
    asked.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    assert end_of(asked, signal.SIGTERM) == "jaxunlearn: interrupted; step 3 is saved"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_from_its_first_imports_on(tmp_path, number):
    """At many moments of a whole command: one line and no traceback, and the same command ends the run."""
    command = [sys.executable, "-m", "jaxunlearn", "unlearn", "--seed", "7", "--steps", "2"]
    command += ["--config.images_every=0", "--out", str(tmp_path / "run")]
    for delay in (0.2, 0.5, 1, 2, 3, 5, 8, 12):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        time.sleep(delay)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
        assert process.returncode in (0, 128 + number), errors
        assert "Traceback" not in errors
        assert not process.returncode or "jaxunlearn: interrupted" in errors.splitlines()[-1]
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert Path(tmp_path / "run" / "generator" / "0000.safetensors").is_file()
