"""Configs: the released families, official constructor arguments, mistakes."""

import configparser
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from eg3d_flax import GeneratorConfig, account
from eg3d_flax.torch_names import target_shapes
from tests.support.golden import ROOT, golden

FULL = json.loads((ROOT / "eg3d" / "full_state_dict.json").read_text())
OFFICIAL = golden("eg3d", "triplane_full").entry["constructor_args"]


@pytest.mark.parity
def test_official_arguments_of_the_ffhq_checkpoint_give_our_default():
    assert GeneratorConfig.from_official(OFFICIAL, 128) == GeneratorConfig.ffhq512_128()
    assert GeneratorConfig.from_official(OFFICIAL) == GeneratorConfig.ffhq512_64()


def test_full_size_has_the_official_arrays():
    """Names, shapes and counts of all 176 tensors of `ffhqrebalanced512-128`."""
    tensors = {t["name"]: tuple(t["shape"]) for t in FULL["tensors"]}
    source = {name: np.broadcast_to(np.float32(0), shape) for name, shape in tensors.items()}
    rows = account(source, GeneratorConfig.ffhq512_128())
    assert {row.status for row in rows} == {"used", "ignored"}
    assert {row.name.rsplit(".", 1)[-1] for row in rows if row.status == "ignored"} == {"resample_filter"}
    assert GeneratorConfig.ffhq512_128().num_ws == FULL["num_ws"] == 14


@pytest.mark.parametrize(
    "make",
    [
        GeneratorConfig.ffhq512_128,
        GeneratorConfig.ffhq512_64,
        GeneratorConfig.afhqcats512_128,
        GeneratorConfig.shapenetcars128_64,
        GeneratorConfig.small,
    ],
)
def test_every_family_can_be_built_and_written(make):
    config = make()
    assert target_shapes(config)
    assert GeneratorConfig.from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parity
def test_missing_official_keys_take_the_official_defaults():
    rendering = {k: v for k, v in OFFICIAL["rendering_kwargs"].items() if k != "c_scale"}
    config = GeneratorConfig.from_official(OFFICIAL | {"rendering_kwargs": rendering}, 128)
    assert config.c_scale == 0  # sic: the official code then ignores the camera


@pytest.mark.parity
def test_a_missing_average_camera_is_guides():
    cameras = ("avg_camera_radius", "avg_camera_pivot", "avg_cam_radius", "avg_cam_pivot")
    rendering = {k: v for k, v in OFFICIAL["rendering_kwargs"].items() if k not in cameras}
    with pytest.warns(UserWarning, match=r"lack .*, avg_camera_pivot \(using \(0\.0, 0\.0, 0\.0\)\)"):
        config = GeneratorConfig.from_official(OFFICIAL | {"rendering_kwargs": rendering}, 128)
    assert (config.avg_camera_radius, config.avg_camera_pivot) == (2.7, (0, 0, 0))
    rendering |= {"avg_cam_radius": 1.7, "avg_cam_pivot": [0, 0, -0.06]}
    config = GeneratorConfig.from_official(OFFICIAL | {"rendering_kwargs": rendering}, 128)
    assert (config.avg_camera_radius, config.avg_camera_pivot) == (1.7, (0, 0, -0.06))
    rendering |= {"avg_camera_pivot": [0, 0, 0.2]}
    config = GeneratorConfig.from_official(OFFICIAL | {"rendering_kwargs": rendering}, 128)
    assert (config.avg_camera_radius, config.avg_camera_pivot) == (1.7, (0, 0, 0.2))


@pytest.mark.parity
def test_arguments_nobody_reads_are_named():
    with pytest.warns(UserWarning, match=r"rendering_kwargs\.surprise"):
        GeneratorConfig.from_official(
            OFFICIAL | {"rendering_kwargs": OFFICIAL["rendering_kwargs"] | {"surprise": 1}}, 128
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plane_resolution": 100}, "power of two"),
        ({"img_resolution": 256}, "super-resolution gives 512"),
        ({"superresolution_module": "16X"}, "must be one of"),
        ({"ray_start": "auto"}, "both be 'auto'"),
        ({"depth_resolution": 3}, "needs depth_resolution"),
        ({"decoder_output_dim": 2}, "first three are the raw colours"),
        ({"channel_base": 128}, "channel_base must be at least plane_resolution"),
        ({"ray_start": 3.3, "ray_end": 2.25}, r"ray_start \(3\.3\) must be below ray_end"),
        ({"box_warp": 0.0}, "box_warp must be above 0"),
        ({"conv_clamp": -1.0}, "conv_clamp must be above 0"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(GeneratorConfig(), **change)


@pytest.mark.parity
def test_unknown_or_missing_settings_are_refused():
    with pytest.raises(ValueError, match="unknown generator settings: colour"):
        GeneratorConfig.from_json({"colour": 1})
    without = {k: v for k, v in OFFICIAL.items() if k != "w_dim"}
    with pytest.raises(ValueError, match="lack w_dim"):
        GeneratorConfig.from_official(without, 128)
    rendering = OFFICIAL["rendering_kwargs"] | {"clamp_mode": "relu"}
    with pytest.raises(ValueError, match="clamp_mode"):
        GeneratorConfig.from_official(OFFICIAL | {"rendering_kwargs": rendering}, 128)


def test_every_package_on_disk_is_installed():
    """A package that setup.cfg forgets works in the checkout and is missing for every user."""
    root = Path(__file__).parents[3]
    options = configparser.ConfigParser()
    options.read(root / "setup.cfg")
    listed = set(options["options"]["packages"].split())
    on_disk = {
        ".".join(init.parent.relative_to(root if base == "jaxunlearn" else root / "ports").parts)
        for base in ("jaxunlearn", "ports")
        for init in (root / base).rglob("__init__.py")
    }
    assert listed == on_disk
