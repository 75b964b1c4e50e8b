"""Every config of `configs/guide` loads as the command line loads it, and differs as its table says."""

from pathlib import Path

import pytest

from jaxunlearn import configuration, presets
from jaxunlearn.commands.settings import read_config

FOLDER = Path(__file__).parents[2] / "configs" / "guide"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_config_loads_and_makes_sense(path):
    config = read_config(str(path), ["--config.steps=7"], presets.paper())
    configuration.check(config)
    assert config.steps == 7


@pytest.mark.parametrize(
    ("name", "kind", "num_adjacent", "num_global"),
    [
        ("baseline:heads", "mean", 0, 0),
        ("mean_global:heads", "mean", 0, 3),
        ("extrapolated:heads", "extrapolated", 0, 0),
        ("adjacent:heads", "extrapolated", 2, 0),
        ("sweep_alpha:heads,0", "mean", 0, 0),
        ("sweep_alpha:heads,0.5", "mean", 2, 0),
    ],
)
def test_the_rows_of_the_papers_tables(name, kind, num_adjacent, num_global):
    stem, _, argument = name.partition(":")
    config = read_config(f"{FOLDER / stem}.py:{argument}", [], presets.paper())
    assert (config.target.kind, config.pairs.num_adjacent, config.pairs.num_global) == (
        kind,
        num_adjacent,
        num_global,
    )
    assert config.unit == "median_radius"
