"""`jaxunlearn.load_models`: how files may be named."""

import shutil
from importlib import resources

import pytest
from flax import nnx

import legato_flax
from jaxunlearn.cli.main import parse
from jaxunlearn.cli.unlearning.request import read_settings
from jaxunlearn.models.adapters import OWNER, has_adapters
from jaxunlearn.models.generator import config_of, fingerprint_of, load_generator, save_generator
from jaxunlearn.models.loading import load_models, published_inception
from jaxunlearn.photos.inversion.choice import default_method, encoder_for, settings_for
from legato_flax import Adapters, AdaptersConfig

BUNDLED_NETWORKS = {"perceptual": "alex", "identity": "heads-loss", "judge": "heads-judge"}


def test_a_path_or_text_names_the_generator_and_its_adapters_one_or_several(tmp_path):
    generator = load_generator("random")
    file, adapter = tmp_path / "x.safetensors", tmp_path / "a.safetensors"
    save_generator(generator, file, {})
    adapters = Adapters(AdaptersConfig.for_generator(generator.config, hidden=4), rngs=nnx.Rngs(0))
    legato_flax.save(adapters, adapter, {OWNER: fingerprint_of(generator)})
    for files in (adapter, str(adapter), [adapter]):
        models = load_models(file, adapters=files, **BUNDLED_NETWORKS)
        assert has_adapters(models.generator)
        assert (models.name, models.adapters) == (str(file), (str(adapter),))


@pytest.fixture(scope="module", params=["heads", "random"])
def name_and_file(request, tmp_path_factory):
    """The name of a small generator, and a file of it under another name, as a run leaves one."""
    file = tmp_path_factory.mktemp("run") / "0000.safetensors"
    if request.param == "heads":
        shutil.copy(str(resources.files("jaxunlearn.zoo") / "heads.safetensors"), file)
    else:
        save_generator(load_generator(request.param), file, {})
    return request.param, str(file)


def test_a_file_of_the_bundled_generator_has_its_networks(name_and_file):
    named, copied = (load_models(each) for each in name_and_file)
    assert copied.networks_of_loss == named.networks_of_loss
    assert [judge.name for judge in copied.judges] == [judge.name for judge in named.judges]
    assert copied.family == named.family == ("heads" if name_and_file[0] == "heads" else None)
    assert published_inception(copied.generator.config) is None
    assert copied.is_bundled == named.is_bundled == (name_and_file[0] == "heads")
    method = default_method(named)
    assert default_method(copied) == method
    assert settings_for(method, copied) == settings_for(method, named)
    if method == "hybrid":
        assert encoder_for(copied).name == encoder_for(named).name


@pytest.mark.parametrize("method", ["guide", "sugar", "legato"])
def test_a_file_of_the_bundled_generator_has_its_preset(name_and_file, method):
    named, copied = (
        read_settings(
            parse(["unlearn", "--seed", "8", "--method", method, "--model", each]), 1, config_of(each)
        )
        for each in name_and_file
    )
    assert copied == named
    assert named.unit == "median_radius"


def test_the_settings_of_a_generator_are_read_without_building_it(name_and_file):
    for each in name_and_file:
        assert config_of(each) == load_generator(each).config
