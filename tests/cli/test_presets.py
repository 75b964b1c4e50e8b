"""`unlearn --preset NAME`, and what a config file is given behind its colon."""

from pathlib import Path

import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.cli import main as cli
from jaxunlearn.cli.config_files import load_config
from jaxunlearn.cli.unlearning.request import read_settings
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.methods.registry import preset, preset_names

CONFIGS = Path(__file__).parents[2] / "configs"


def settings_of(words: str, people: int = 3) -> ConfigDict:
    arguments = cli.parse(["unlearn", "--seed", "0-2", *words.split()])
    return read_settings(arguments, people, GeneratorConfig.heads())


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_chosen_by_its_name_for_the_people_given(name):
    assert flat(settings_of(f"--preset {name}")) == flat(preset(name, 3))
    changed = settings_of(f"--preset {name} --config.log_every=77")
    assert flat(changed) == {**flat(preset(name, 3)), "log_every": 77}


def test_the_options_beside_a_preset_must_suit_it():
    assert settings_of("--preset legato/official --method legato").adapters.first == "inert"
    for words, message in (
        ("--preset legato/code", "no preset 'legato/code'; choose from guide/paper, guide/official"),
        (
            "--preset legato/paper --method guide",
            "--method guide: legato/paper is a config of legato; leave one out",
        ),
        (
            "--preset guide/heads --shared",
            "--shared: with these settings GUIDE gives every person a generator copy",
        ),
        (
            f"--config {CONFIGS}/guide/heads.py --shared",
            "with these settings GUIDE gives every person a generator copy",
        ),
    ):
        with pytest.raises(InputError, match=message):
            settings_of(words)


def test_a_preset_and_a_file_exclude_each_other(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.parse(["unlearn", "--seed", "1", "--preset", "guide/heads", "--config", "configs/guide/heads.py"])
    assert stop.value.code == 2
    assert "not allowed with argument --preset" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sugar/paper.py:abc", r"'abc': begin with the number of people, such as 10 or 10,heads$"),
        ("guide/many.py:many", r"'many': begin with the number of people, such as 10 or 10,many_heads$"),
        (
            "guide/heads.py:3",
            r"heads\.py: its get_config\(\) takes no argument; leave :3 out$",
        ),
    ],
)
def test_a_wrong_argument_of_a_config_is_named_in_one_line(text, message):
    with pytest.raises(InputError, match=message):
        load_config(str(CONFIGS / text))
