"""The mean latent: from a file, from the generator, or computed where the generator has none."""

import copy
import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.methods.guide import presets
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.loading import MeanLatent, Models, load_models
from jaxunlearn.photos.people import People
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import unlearn
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people


def without_mean() -> Models:
    models = tiny_models()
    generator = copy.deepcopy(models.generator)
    assert isinstance(generator, TriPlaneGenerator)
    generator.backbone.mapping.w_avg[...] = 0 * generator.w_avg
    return dataclasses.replace(models, generator=generator)


def test_the_generators_own_is_taken_where_it_has_one():
    models = tiny_models()
    np.testing.assert_array_equal(models.w_avg, models.generator.w_avg)
    assert models.mean.origin == "the generator's"
    assert models.mean.seed is None


def test_zeros_are_no_mean():
    """The computed one is the same every time, and nearer to people than zero is."""
    models = without_mean()
    assert models.w_avg.shape == (CONFIG.w_dim,)
    np.testing.assert_array_equal(models.w_avg, without_mean().w_avg)
    z = np.random.default_rng(1).normal(size=(32, CONFIG.z_dim)).astype(np.float32)
    people = np.asarray(models.generator.mapping(jnp.asarray(z), conditioning_view(CONFIG, 32)))
    assert np.linalg.norm(people - models.w_avg, axis=-1).mean() < np.linalg.norm(people, axis=-1).mean()
    assert (models.mean.samples, models.mean.seed) == (10_000, 0)
    assert not np.any(models.generator.w_avg), "the generator stays as it is"


@pytest.mark.parametrize("shape", [(14, 512), (1, 14, 512), (1, 1, 512), (512,)])
def test_files_of_the_shapes_in_use(tmp_path, shape):
    config = dataclasses.replace(CONFIG, w_dim=512, plane_resolution=256)
    assert config.num_ws == 14
    w_avg = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save(tmp_path / "w_avg.npy", w_avg)
    mean = MeanLatent.read(tmp_path / "w_avg.npy", config)
    np.testing.assert_array_equal(mean.w_avg, np.broadcast_to(w_avg, (1, 14, 512))[0])
    assert mean.origin.startswith("w_avg.npy, sha256 ")


def test_a_file_of_many_latents_is_no_mean(tmp_path):
    np.save(tmp_path / "people.npy", tiny_people(2))
    with pytest.raises(InputError, match=r"people\.npy: holds 2 latents"):
        MeanLatent.read(tmp_path / "people.npy", CONFIG)


def test_a_run_does_not_go_on_with_another(tmp_path):
    """The request is compared before anything is compiled."""
    models, people, config = tiny_models(), tiny_people(1), presets.heads()
    loss = (models.perceptual_name, models.identity.name)
    request = Request(models.name, models.fingerprint, ("Ann",), *loss, "the generator's")
    RunFolder(tmp_path / "run").begin(request, config, people)
    other = dataclasses.replace(models, given_mean=MeanLatent(models.w_avg + 1, "another"))
    with pytest.raises(InputError, match="mean_latent \"the generator's\", not 'another'"):
        unlearn(other, People("ann", ("Ann",), people), config, workdir=tmp_path / "run", progress=False)


def test_the_command_line_takes_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("w_avg.npy", np.ones((3, 3), np.float32))
    assert cli.main(["unlearn", "--seed", "1", "--w-avg", "w_avg.npy"]) == 2
    assert "w_avg.npy: latents of shape [3, 3] do not fit" in capsys.readouterr().err
    assert cli.main(["unlearn", "--seed", "1", "--w-avg", "no.pt"]) == 2
    assert "no.pt" in capsys.readouterr().err
    rows = np.full((1, 1, load_models("heads").generator.config.w_dim), 0.5, np.float32)
    np.save("w_avg.npy", rows)
    assert float(load_models("heads", w_avg=tmp_path / "w_avg.npy").w_avg.mean()) == 0.5
