"""The pages of the docs, built once for all tests of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.docs_pages import ROOT


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """The pages, built as `make docs` builds them; a warning is an error."""
    pytest.importorskip("sphinx", reason="the extra `docs` is not installed")
    html = tmp_path_factory.mktemp("docs") / "html"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", str(html)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return html
