"""Every config of `configs/` loads as the command line loads it, and differs as its table says."""

import re
from pathlib import Path

import pytest

from jaxunlearn.cli.readers import read_config
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import flat
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.registry import method_of, named, preset, preset_names
from jaxunlearn.methods.sugar import presets as sugar_presets
from jaxunlearn.methods.sugar.mappers.mapper_training import mapper_training

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize(
    "path",
    [path for name in ("guide", "sugar", "legato") for path in (CONFIGS / name).glob("*.py")],
    ids=str,
)
def test_a_config_loads_and_makes_sense(path):
    config = read_config(str(path), ["--config.steps=7"], presets.paper())
    check_config.check(config)
    assert config.steps == 7


@pytest.mark.parametrize(
    "name",
    ["guide/paper", "guide/official", "guide/heads", "legato/paper", "legato/official", "legato/heads"],
)
def test_numbers_that_a_config_shows_are_the_presets(name):
    assert flat(read_config(f"{CONFIGS / name}.py", [], presets.paper())) == flat(preset(name))


def test_the_files_that_the_guide_names_are_the_presets():
    page = (CONFIGS.parent / "docs/guides/many_people.md").read_text()
    rows = re.findall(r"^\| `(\S+/\S+)` \| `(configs/\S+)` \|", page, re.MULTILINE)
    of_many = {name for name in preset_names() if name.startswith(("sugar/", "guide/many"))}
    assert {name for name, _ in rows} == of_many
    for name, file in rows:
        assert flat(read_config(str(CONFIGS.parent / file), [], presets.paper())) == flat(preset(name, 10))


@pytest.mark.parametrize(
    ("row", "kind", "num_adjacent", "num_global"),
    [
        ("baseline", "mean", 0, 0),
        ("mean_global", "mean", 0, 3),
        ("extrapolated", "extrapolated", 0, 0),
        ("adjacent", "extrapolated", 2, 0),
        ("alpha=0", "mean", 0, 0),
        ("alpha=0.5", "mean", 2, 0),
        ("distance=0.3", "extrapolated", 2, 3),
    ],
)
def test_the_rows_of_the_papers_tables(row, kind, num_adjacent, num_global):
    config = read_config(f"{CONFIGS / 'guide/ablations.py'}:heads,{row}", [], presets.paper())
    check_config.check(config)
    found = (config.target.kind, config.pairs.num_adjacent, config.pairs.num_global)
    assert found == (kind, num_adjacent, num_global)
    assert config.unit == "median_radius"
    if "=" in row:
        value = config.pairs.alpha_max if row.startswith("alpha") else config.target.distance
        assert value == float(row.partition("=")[2])


@pytest.mark.parametrize("people", [1, 5, 10, 20])
def test_few_people_are_all_seen_as_often(people):
    """Where five people had fewer steps, one of fifteen stayed as they were."""
    config = sugar_presets.heads(people)
    assert config.steps * min(config.pairs.batch, people) / people == 120


@pytest.mark.parametrize("which", ["heads", "heads_adapters", "many_heads"])
def test_a_thousand_people_have_as_many_turns_as_two_hundred(which):
    name = f"{'guide' if which == 'many_heads' else 'sugar'}/{which}"
    many, most = preset(name, 200), preset(name, 1000)
    assert most.pairs.batch == many.pairs.batch
    assert most.steps == 5 * many.steps


@pytest.mark.parametrize("people", [0, -1])
@pytest.mark.parametrize("name", preset_names())
def test_presets_are_for_people(name, people):
    method, _, which = name.partition("/")
    with pytest.raises(InputError, match=f"number of people must be 1 or more, not {people}"):
        preset(name, people)
    with pytest.raises(InputError, match=f"number of people must be 1 or more, not {people}"):
        named(method).preset(which, people)


@pytest.mark.parametrize("people", [1, 5, 10, 20, 50, 100, 200])
@pytest.mark.parametrize(
    "name", ["sugar/paper", "sugar/official", "sugar/heads", "guide/many", "guide/many_heads"]
)
def test_many_people_as_the_official_scripts_have_them(people, name):
    method, _, which = name.partition("/")
    file = {"sugar": "sugar/paper.py", "guide": "guide/many.py"}[method]
    config = read_config(f"{CONFIGS / file}:{people},{which}", [], presets.paper())
    check_config.check(config)
    assert method_of(config).name == method
    assert method_of(config).shares_generator(config)
    assert config.pairs.batch == {1: 1, 5: 2}.get(people, 4)
    if which not in ("heads", "many_heads"):
        batches = {1: 1, 5: 3, 10: 3, 20: 5, 50: 13, 100: 25, 200: 50}[people]
        assert config.steps == 1000 * batches
    if name in ("sugar/paper", "sugar/official"):
        assert mapper_training(config).rate == pytest.approx({1: 2e-4, 5: 4e-4}.get(people, 8e-4))
    if name == "sugar/heads":
        row = next(
            line for line in (CONFIGS / file).read_text().splitlines() if line.startswith(f"| {people} |")
        )
        assert row.endswith(f"| {config.steps:,} |")
