"""What goes into the data set comes out of it, without TensorFlow."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_datasets as tfds

from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, decode_depth, photograph
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS
from jaxunlearn.zoo.synthetic.tfds_dataset import Heads, heads_config

COMMAND = Path(__file__).parents[3] / "tools" / "build_synthetic_dataset.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = heads_config("celeba_like", people=3, held_out=2, views=2, resolution=16)
    builder = Heads(config=config, data_dir=tmp_path_factory.mktemp("data"))
    builder.download_and_prepare()
    return Path(builder.data_path)


def read(folder: Path, split: str) -> Sequence[dict[str, Any]]:
    return tfds.builder_from_directory(folder).as_data_source(split)  # pyright: ignore[reportCallIssue]


def test_every_photograph_comes_back(folder: Path) -> None:
    source = read(folder, "train")
    expected = photograph(PhotographRequest("celeba_like", people=3, views=2, resolution=16), progress=False)
    assert len(source) == 6
    for example in source:
        person, view = int(example["person"]), int(example["view"])
        for name in ("image", "coverage", "depth", "camera", "pose"):
            np.testing.assert_array_equal(example[name], getattr(expected, name)[person, view])
        np.testing.assert_array_equal(example["z"], expected.z[person])
        assert decode_depth(example["depth"]).max() > 2.25
    assert "tensorflow" not in sys.modules


def test_splits_hold_different_people_and_can_be_sliced(folder: Path) -> None:
    people = {
        split: {int(example["person"]) for example in read(folder, split)} for split in ("train", "test")
    }
    assert people == {"train": {0, 1, 2}, "test": {3, 4}}
    assert len(read(folder, "train[:2]")) == 2
    assert len(read(folder, "test[50%:]")) == 2


def test_there_is_a_configuration_for_each_scenario() -> None:
    assert [config.train.scenario for config in Heads.BUILDER_CONFIGS] == list(SCENARIOS)


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", [str(COMMAND), *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(COMMAND), run_name="__main__")
    return int(stop.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "required: --out"),
        (("--out", "data", "--views", "0"), "views must be at least 1"),
        (("--out", "data", "--scenario", "ghosts"), "invalid choice"),
    ],
)
def test_the_command_refuses_wrong_input_in_one_line(
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(monkeypatch, *arguments) == 2
    assert message in capsys.readouterr().err
