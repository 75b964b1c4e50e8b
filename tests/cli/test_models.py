"""`jaxunlearn models`: what can be used, under what licence, and what of it is here."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jaxunlearn.cli import main as cli
from jaxunlearn.models.files import pretrained
from tests.support.programs import environment


def test_every_entry_says_what_it_is_and_under_what_licence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(pretrained.FOLDERS_VARIABLE, raising=False)
    assert cli.main(["models"]) == 0
    printed = capsys.readouterr().out
    for entry in pretrained.ENTRIES:
        assert f"\n{entry.name} " in printed
        assert entry.licence
        assert entry.purpose
        assert entry.published in printed
    assert printed.count("licence: ") == len(pretrained.ENTRIES) == printed.count("not here")


def test_names_are_told_once():
    names = [entry.name for entry in pretrained.ENTRIES]
    assert len(set(names)) == len(names)
    assert pretrained.entry("onet.npy").name == "onet.npy"


def test_files_that_are_here_are_found_with_their_hash(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "pnet.npy").write_bytes(b"weights")
    assert cli.main(["models"]) == 0
    digest = hashlib.sha256(b"weights").hexdigest()
    assert re.search(rf"models/pnet\.npy, sha256 {digest}", capsys.readouterr().out)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of other kinds")
def test_a_reader_who_leaves_is_no_error():
    """It prints more than a pipe holds, so that it is still at it when the reader leaves."""
    program = (
        "from argparse import Namespace; from jaxunlearn.cli import main as cli; "
        "exit(cli.execute(Namespace(run=lambda _: [print('x' * 80) for _ in range(100_000)])))"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait(60) == cli.READER_GONE
