"""Where Numba keeps what it compiles of the renderer."""

import os
import subprocess
import sys
from pathlib import Path


def cache_of_shading(**environment: str) -> Path:
    """Return the folder for compiled code of `shading.shade` in a new process."""
    program = "from jaxunlearn.zoo.synthetic.shading import shade; print(shade.stats.cache_path)"
    own = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    own |= environment
    process = subprocess.run(
        [sys.executable, "-c", program], env=own, capture_output=True, text=True, check=True
    )
    return Path(process.stdout.strip())


def test_it_is_kept_outside_of_the_package(tmp_path: Path) -> None:
    # pip would leave it behind, and with it the folders of a package that is not installed any more.
    where = cache_of_shading(XDG_CACHE_HOME=str(tmp_path))
    assert where.is_relative_to(tmp_path / "numba")


def test_users_choose_another_folder(tmp_path: Path) -> None:
    assert cache_of_shading(NUMBA_CACHE_DIR=str(tmp_path / "mine")).is_relative_to(tmp_path / "mine")
