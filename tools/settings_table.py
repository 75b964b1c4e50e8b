"""Write docs/reference/settings.md, the table of all settings, from their declarations.

python tools/settings_table.py
"""

from pathlib import Path

from jaxunlearn.baking.settings import Baking
from jaxunlearn.methods.config.declaration import table
from jaxunlearn.methods.registry import METHODS, named

HEAD = """\
# Settings

This table lists all settings of a run. Change one with `--config.KEY=VALUE`, or write a Python file with
`get_config()` and give it with `--config FILE`; [one person](../guides/one_person.md#settings) shows both.

Under each setting you find

- its **default**: the value in each method's `paper` preset, with four people in a minibatch. Other presets
  have other values, and `jaxunlearn.preset("sugar/heads", people=10)` returns them;
- the **values** that are allowed. A value outside is refused before the run begins;
- **may change** where a run may resume with another value. All others must be those that it began with.

`config.unit` is the unit of lengths in latent space: `target.distance`, `pairs.alpha_max` and `ewc.radius`.

This page is written by `python tools/settings_table.py`.

"""
BAKING = """
## Baking

`jaxunlearn bake` has settings of its own; see [LEGATO](../guides/legato.md#bake-adapters-into-weights).

"""


def main() -> None:
    """Write the page."""
    declarations = {label: each for name in METHODS for label, each in named(name).declarations().items()}
    path = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
    text = HEAD + table(declarations) + BAKING + table({"bake": Baking})
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
