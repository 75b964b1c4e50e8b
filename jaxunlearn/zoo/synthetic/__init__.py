"""Synthetic people: heads with hair and glasses, rendered from a parametric model."""

import os
from pathlib import Path

# Numba keeps compiled functions beside their modules by default. pip does not know these files, so it would
# leave the folders of an earlier installation behind, and Python would find those instead of an editable one.
_USERS_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
os.environ.setdefault("NUMBA_CACHE_DIR", str(_USERS_CACHE / "numba"))
