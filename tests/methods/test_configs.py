"""Every config of `configs/` loads as the command line loads it, and differs as its table says."""

from pathlib import Path

import pytest

from jaxunlearn.cli.options import read_config
from jaxunlearn.methods import configuration
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.sugar import presets as sugar_presets

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


@pytest.mark.parametrize("people", [1, 5, 10, 20])
def test_few_people_are_all_seen_as_often(people):
    """Where five people had fewer steps, one of fifteen stayed as they were."""
    config = sugar_presets.sugar_heads(people)
    assert config.steps * min(config.pairs.batch, people) / people == 120


@pytest.mark.parametrize("people", [1, 5, 10, 20, 50, 100, 200])
@pytest.mark.parametrize("preset", list(sugar_presets.PRESETS))
def test_many_people_as_the_official_scripts_have_them(people, preset):
    path = FOLDER.parent / "sugar" / f"n{people}.py"
    config = read_config(f"{path}:{preset}", [], presets.paper())
    configuration.check(config)
    assert config.method == "sugar"
    assert config.pairs.batch == {1: 1, 5: 2}.get(people, 4)
    if preset in ("paper", "official", "guide"):
        batches = {1: 1, 5: 3, 10: 3, 20: 5, 50: 13, 100: 25, 200: 50}[people]
        assert config.steps == 1000 * batches
        assert config.ewc.weight == (0.0 if preset == "guide" else 50.0)
        training = configuration.mapper_training(config)
        assert training.rate == pytest.approx({1: 2e-4, 5: 4e-4}.get(people, 8e-4))
    if preset == "heads":
        assert f":heads {config.steps} steps" in " ".join(path.read_text().split())
