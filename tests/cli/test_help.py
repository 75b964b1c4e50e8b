"""Help and refusals are quick: no command is imported for them, nor JAX."""

import ast
import io
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from jaxunlearn.cli import main as cli
from tests.support.programs import environment

CLI = Path(cli.__file__).parent
ASKS = """
import contextlib, io, sys
from jaxunlearn.cli import main as cli
shown = io.StringIO()
with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
    try:
        cli.parse(sys.argv[1:])
    except SystemExit as stop:
        code = stop.code
heavy = [name for name in ("jax", "numpy", "flax") if name in sys.modules]
inside = "jaxunlearn.cli."
commands = [name for name in sys.modules if name.startswith(inside) and name.split(".")[-1] in cli.COMMANDS]
print(code, *heavy, *commands)
"""


def asked(*arguments: str) -> list[str]:
    """Exit code, heavy libraries and modules of commands that a call of the command line imported."""
    command = [sys.executable, "-c", ASKS, *arguments]
    return subprocess.check_output(command, env=environment(), text=True).split()


def test_the_list_of_commands_imports_none_of_them():
    assert asked("--help") == ["0"]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_help_of_a_command_imports_its_arguments_only(command):
    assert asked(command, "--help") == ["0", f"jaxunlearn.cli.parsers.{cli.PLACES.get(command, command)}"]


def test_wrong_arguments_are_refused_without_jax():
    arguments = ("unlearn", "--seed", "3", "--mesh", "2x2", "--out", "runs/x", "--bogus")
    assert asked(*arguments) == ["2", "jaxunlearn.cli.parsers.unlearn"]


def test_the_version_is_looked_up_without_jax(capsys):
    assert asked("--version") == ["0"]
    with pytest.raises(SystemExit):
        cli.parse(["--version"])
    assert capsys.readouterr().out == f"jaxunlearn {version('jaxunlearn')}\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_help_is_printed_where_output_is_not_utf8(monkeypatch, encoding):
    for command in ([], *([name] for name in cli.COMMANDS)):
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding, write_through=True))
        with pytest.raises(SystemExit) as stop:
            cli.parse([*command, "--help"])
        assert stop.value.code == 0
        assert raw.getvalue().startswith(b"usage: jaxunlearn")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Windows cannot close a stream")
@pytest.mark.parametrize(
    ("closed", "arguments", "code"), [(">&-", ["--version"], 0), ("2>&-", ["models", "--bogus"], 2)]
)
def test_a_closed_stream_ends_no_command(closed, arguments, code):
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-m", "jaxunlearn", *arguments]
    ended = subprocess.run(shell, capture_output=True, env=environment(), check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, b"", b"")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("models --bogus", "jaxunlearn models: unrecognised argument --bogus (see jaxunlearn models --help)"),
        (
            "bench --config.steps 3",
            "jaxunlearn bench: unrecognised argument --config.steps; settings are changed by "
            "--config.KEY=VALUE (see jaxunlearn bench --help)",
        ),
    ],
)
def test_an_unknown_option_names_the_help_of_its_command(capsys, arguments, line):
    with pytest.raises(SystemExit):
        cli.parse(arguments.split())
    assert capsys.readouterr().err == f"{line}\n"


def test_people_are_given_by_seed_or_by_seeds():
    assert cli.parse(["unlearn", "--seeds", "3-5"]).seed == [3, 4, 5]
    assert cli.parse(["render", "--seed", "3-5"]).seeds == [3, 4, 5]
    assert cli.parse(["bake", "--seed", "3"]).seeds == [3]


@pytest.mark.skipif(sys.platform == "win32", reason="no processor time of children")
def test_help_takes_less_than_three_tenths_of_a_second():
    """Processor time, since a busy machine makes everything else longer."""
    import resource

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(5):
        before = used()
        subprocess.run([sys.executable, "-m", "jaxunlearn", "--help"], stdout=subprocess.DEVNULL, check=True)
        times.append(used() - before)
    assert min(times) < 0.3


def test_every_command_has_arguments_and_a_run():
    parsers = {path.stem for path in (CLI / "parsers").rglob("*.py")} - {"__init__"}
    runs = {path.stem for path in (CLI / "commands").rglob("*.py")} - {"__init__"}
    assert parsers == runs == set(cli.COMMANDS)


def test_commands_have_ordinary_imports():
    """But for the one place that asks which error a library raised."""
    hidden = []
    for path in CLI.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                imported = any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(function))
                hidden += [f"{path.stem}.{function.name}"] if imported else []
    assert hidden == ["main._for_the_user"]
