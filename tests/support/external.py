"""Third-party files that tests may use but that are not in the repository."""

import os
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parents[2]


def external_file(name: str) -> Path:
    """Find the file `name` under $JAXUNLEARN_DATA or ../shared/data; skip the test where it is absent."""
    for folder in (os.environ.get("JAXUNLEARN_DATA"), _REPOSITORY.parent / "shared" / "data"):
        if folder and (path := Path(folder) / name).is_file():
            return path
    pytest.skip(f"{name} is not here (set JAXUNLEARN_DATA to the folder of third-party files)")
