"""Read settings from a Python file with `get_config()`, as ml_collections does. The file is run."""

import inspect
import traceback
import types
from pathlib import Path

import ml_collections

from jaxunlearn.errors import InputError, first_line
from jaxunlearn.files.door import local_path, read_text
from jaxunlearn.methods.config.declaration import ConfigDict


def split_argument(text: str) -> tuple[Path, str | None]:
    r"""Split `FILE:ARGUMENT`.

    Paths may contain colons, such as `C:\configs\mine.py:heads`. The longest part that is a file counts.

    Raises:
      InputError: if there is no such file, or it is an address such as gs://bucket/name.
    """
    local_path(text)
    ends = [len(text), *(place for place in range(len(text) - 1, 0, -1) if text[place] == ":")]
    for end in ends:
        if Path(text[:end]).exists():
            return Path(text[:end]), None if end == len(text) else text[end + 1 :]
    raise InputError(f"--config {text}: no such file")


def load_config(text: str) -> ConfigDict:
    """Return what `get_config()` of a file returns, or `get_config(ARGUMENT)` for `FILE:ARGUMENT`.

    Raises:
      InputError: with file and line, if the file cannot be read or run, or returns no config.
    """
    path, argument = split_argument(text)
    module = types.ModuleType("config")
    module.__file__ = str(path)
    try:
        exec(compile(read_text(path), str(path), "exec"), module.__dict__)
        if not callable(vars(module).get("get_config")):
            raise InputError(f"{path}: has no function get_config(), so it is not a config")
        if argument is not None and not inspect.signature(module.get_config).parameters:
            raise InputError(f"{path}: its get_config() takes no argument; leave :{argument} out")
        config = module.get_config() if argument is None else module.get_config(argument)
    except InputError:
        raise
    except SystemExit as stop:
        raise InputError(f"{_place(path, stop)}: ends the program, which a config must not do") from stop
    except Exception as error:  # the file is the user's program: it can fail in any way
        raise InputError(f"{_place(path, error)}: {type(error).__name__}: {first_line(error)}") from error
    if not isinstance(config, ml_collections.ConfigDict):
        raise InputError(f"{path}: get_config() returns a {type(config).__name__}, not a ConfigDict")
    return config


def _place(path: Path, error: BaseException) -> str:
    """The file, and the line of it that an error comes from."""
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(path) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == str(path):
            line = frame.lineno
    return f"{path}" if line is None else f"{path}, line {line}"
