"""`--config FILE:ARGUMENT`: which file, what its errors look like, and that it is run as a program."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.cli.config_files import split_argument
from jaxunlearn.cli.readers import read_config
from jaxunlearn.errors import InputError
from jaxunlearn.methods.guide import presets
from tests.support.programs import environment

GOOD = """\
import jaxunlearn
def get_config(name="paper"):
    config = jaxunlearn.preset(f"guide/{name}")
    config.log_every = 77
    return config
"""
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "name",
    ["plain.py", "a:b.py", "run:heads.py", r"C:\configs\mine.py", "C:relative.py", "suffixless", "a b"],
)
def test_paths_may_hold_colons(tmp_path, monkeypatch, name):
    """Also those of Windows, which are names like any other here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(GOOD)
    for path in (name, str(tmp_path / name)):
        assert read_config(path, [], presets.paper()).steps == presets.paper().steps
        config = read_config(f"{path}:heads", ["--config.seed=3"], presets.paper())
        assert (config.steps, config.log_every, config.seed) == (presets.heads().steps, 77, 3)


def test_a_folder_with_a_colon(tmp_path):
    folder = tmp_path / "a:b"
    folder.mkdir()
    (folder / "config.py").write_text(GOOD)
    assert split_argument(f"{folder}/config.py:heads") == (folder / "config.py", "heads")
    assert split_argument(f"{folder}/config.py") == (folder / "config.py", None)


FAULTY = {
    "syntax": ("def get_config():\n    return (\n", "line 2: SyntaxError"),
    "import": ("import os\n\nimport no_such_module_at_all\n", "line 3: ModuleNotFoundError"),
    "inside": ("def get_config():\n    first = 1\n    return first / 0\n", "line 3: ZeroDivisionError"),
    "deeper": (
        "def a():\n    raise KeyError('\\n')\ndef get_config():\n    return a()\n",
        "line 2: KeyError",
    ),
    "exit": ("import sys\ndef get_config():\n    sys.exit(0)\n", "line 3: ends the program"),
    "exit at once": ("raise SystemExit\n", "line 1: ends the program"),
    "no function": ("config = 3\n", "has no function get_config()"),
    "nothing": ("def get_config():\n    pass\n", "returns a NoneType, not a ConfigDict"),
    "a dict": ("def get_config():\n    return {'steps': 3}\n", "returns a dict, not a ConfigDict"),
    "another argument": ("def get_config(a, b):\n    pass\n", "TypeError: get_config() missing 2"),
    "zero bytes": ("\0", "SyntaxError"),
    "recursion": ("def get_config():\n    return get_config()\n", "line 2: RecursionError"),
    "latin": ("# caf\udce9\n", "is not text in UTF-8"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_an_error_in_a_config_is_one_line_with_file_and_line(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    content, message = FAULTY[name]
    (tmp_path / "c.py").write_text(content, encoding="utf-8", errors="surrogateescape")
    assert cli.main(["unlearn", "--seed", "1", "--config", "c.py"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("jaxunlearn: c.py")
    assert message in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["c.py"]


def test_a_pipe_or_a_folder_is_no_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is a folder"):
        read_config(str(tmp_path), [], presets.paper())
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.py")
        with pytest.raises(InputError, match="is a pipe"):
            read_config("pipe.py:heads", [], presets.paper())
    with pytest.raises(InputError, match=r"none\.py:heads: no such file"):
        read_config("none.py:heads", [], presets.paper())


def test_help_says_that_a_config_is_run(capsys):
    with pytest.raises(SystemExit):
        cli.main(["unlearn", "--help"])
    assert "it is a program, and it is run" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("platforms", ["cuda", "cpu,bogus"])
def test_a_platform_that_is_not_here_is_one_line(tmp_path, platforms):
    command = [sys.executable, "-m", "jaxunlearn", "render", "--seeds", "0"]
    variables = environment(JAX_PLATFORMS=platforms)
    done = subprocess.run(command, capture_output=True, text=True, env=variables, cwd=tmp_path, check=False)
    if platforms == "cuda" and done.returncode == 0:
        pytest.skip("a GPU is here")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert f"JAX_PLATFORMS={platforms}" in done.stderr
    assert not list(tmp_path.iterdir())
