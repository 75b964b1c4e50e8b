"""Write docs/settings.md, the table of all settings, from their declarations.

python tools/settings_table.py
"""

from pathlib import Path

from jaxunlearn.methods.registry import METHODS, named
from jaxunlearn.methods.settings import table

HEAD = """\
# Settings

All settings of a run, as `--config.KEY=VALUE` and config files take them. Defaults are those of each method's
`paper` preset for four people a step; `jaxunlearn.preset("sugar/heads", people=10)` and the like change some.
Lengths in latent space are in `unit`. A run resumes with other values only of settings that may change.
Written by `python tools/settings_table.py`.

"""


def main() -> None:
    """Write it."""
    declarations = {label: each for name in METHODS for label, each in named(name).declarations().items()}
    path = Path(__file__).parents[1] / "docs" / "settings.md"
    path.write_text(HEAD + table(declarations), encoding="utf-8")


if __name__ == "__main__":
    main()
