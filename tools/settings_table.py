"""Write docs/reference/settings.md, the table of all settings, from their declarations.

python tools/settings_table.py
"""

from pathlib import Path

from jaxunlearn.baking.settings import Baking
from jaxunlearn.methods.config.declaration import flat, table
from jaxunlearn.methods.registry import METHODS, named, preset

HEAD = """\
# Settings

This table lists all settings of a run. Change one with `--config.KEY=VALUE`, or write a Python file with
`get_config()` and give it with `--config FILE`; [one person](../guides/one_person.md#settings) shows both.

Under each setting you find

- its **default**: the value in each method's `paper` preset, with four people in a minibatch. Other presets
  have other values, and `jaxunlearn.preset("sugar/heads", people=10)` returns them. Those of the bundled
  model are [below](#the-bundled-model);
- the **values** that are allowed. A value outside is refused before the run begins;
- **may change** where a run may resume with another value. All others must be those that it began with.

`config.unit` is the unit of lengths in latent space: `target.distance`, `pairs.alpha_max` and `ewc.radius`.

This page is written by `python tools/settings_table.py`.

"""
BAKING = """
## Baking

`jaxunlearn bake` has settings of its own; see [LEGATO](../guides/legato.md#bake-adapters-into-weights).

"""
BUNDLED = """
## The bundled model

Each method has a preset for the bundled model. This is where it differs from that of the paper (SUGAR for ten
people):

"""


def differences(first: str, second: str) -> str:
    """Return a table of the settings that differ between two presets."""
    ours, theirs = (flat(preset(name, 10)) for name in (first, second))
    rows = [
        f"| `{key}` | `{ours[key]}` | `{theirs[key]}` |\n"
        for key in ours
        if key in theirs and ours[key] != theirs[key]
    ]
    return f"| `config.` | `{first}` | `{second}` |\n| --- | --- | --- |\n" + "".join(rows)


def page() -> str:
    """Return the page."""
    declarations = {label: each for name in METHODS for label, each in named(name).declarations().items()}
    bundled = "\n".join(differences(f"{name}/heads", f"{name}/paper") for name in METHODS)
    return HEAD + table(declarations) + BUNDLED + bundled + BAKING + table({"bake": Baking})


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
