"""The wheel holds what the folders hold: every module, the bundled files, licences, types, the command."""

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("jaxunlearn", "ports", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
PACKAGES = {"jaxunlearn": ROOT / "jaxunlearn"} | {
    path.name: path for path in (ROOT / "ports").iterdir() if (path / "__init__.py").is_file()
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build it of a copy, so that nothing is left in the working folder and nothing old comes in."""
    work = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, work / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, work / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(work / "dist")]
    built = subprocess.run([*command, str(work)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    (path,) = (work / "dist").iterdir()
    with zipfile.ZipFile(path) as archive:
        yield archive


def on_disk() -> set[str]:
    """Paths in the wheel of all files of the packages but caches."""
    return {
        (PurePosixPath(name) / path.relative_to(folder).as_posix()).as_posix()
        for name, folder in PACKAGES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_it_holds_every_file_of_the_packages_and_no_other(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert inside == on_disk()
    assert {f"{name}/py.typed" for name in PACKAGES} <= inside
    assert {"jaxunlearn/zoo/MODELS.md", "jaxunlearn/zoo/heads.safetensors"} <= inside


def test_licences_and_the_command_are_in_it(wheel):
    names = {PurePosixPath(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    for licence in ("LICENSE", "NOTICE"):
        assert wheel.read(names[licence]) == (ROOT / licence).read_bytes()
    commands = configparser.ConfigParser()
    commands.read_string(wheel.read(names["entry_points.txt"]).decode())
    assert dict(commands["console_scripts"]) == {"jaxunlearn": "jaxunlearn.process.entry:main"}
    assert "Apache-2.0" in wheel.read(names["METADATA"]).decode()
