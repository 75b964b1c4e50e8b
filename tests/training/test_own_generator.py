"""A generator of another family: what is trained in it, and what cannot be done with it."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import RenderOutput
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models
from jaxunlearn.reporting.render import render
from jaxunlearn.training.unlearn import unlearn
from tests.support.tiny_models import CONFIG, numbers, tiny_models, tiny_people


class Holder(nnx.Module):
    """A backbone as the protocol names it."""

    def __init__(self, synthesis: nnx.Module):
        self.synthesis = synthesis


class Flat(nnx.Module):
    """Draws a picture of 8² points that is the same from every side."""

    def __init__(self, network: nnx.Linear):
        self.config, self.network = CONFIG, network

    @property
    def w_avg(self):
        return jnp.full(CONFIG.w_dim, 0.1)

    def mapping(self, z, c, truncation_psi=1.0, truncation_cutoff=None):
        return jnp.repeat(z[:, None, : CONFIG.w_dim], CONFIG.num_ws, axis=1)

    def planes(self, ws, noise_mode="const", *, noise=None, compute):
        return jnp.tanh(self.network(ws.mean(axis=1))).reshape(-1, 8, 8, 3)

    def draw_noise(self, key, batch):
        return {}

    def query(self, planes, points, *, compute):
        raise NotImplementedError

    def render(self, planes, ws, c, *, jitter=None, neural_rendering_resolution=None, compute):
        image = jax.image.resize(planes, (len(planes), 32, 32, 3), "linear")
        return RenderOutput(image, image, image[..., :1])

    def synthesis(self, ws, c, noise_mode="const", key=None, *, neural_rendering_resolution=None, compute):
        return self.render(self.planes(ws, noise_mode, compute=compute), ws, c, compute=compute)


class Trainable(Flat):
    """The same with its parameters where the protocol wants them."""

    def __init__(self, network: nnx.Linear):
        self.config, self.backbone = CONFIG, Holder(network)

    @property
    def network(self):
        return self.backbone.synthesis


def models_with(family: type[Flat]) -> Models:
    generator: Generator = family(nnx.Linear(CONFIG.w_dim, 8 * 8 * 3, rngs=nnx.Rngs(0)))
    return dataclasses.replace(tiny_models(), name="flat", generator=generator)


def settings(method: str = "guide") -> ConfigDict:
    config = preset(f"{method}/paper")
    config.update(steps=2, log_every=1, images_every=0, unit="median_radius")
    config.optimiser.learning_rate = 1e-2
    return config


@pytest.mark.parametrize("method", ["guide", "sugar"])
def test_a_generator_with_nothing_to_train_is_refused(method):
    with pytest.raises(InputError, match=r"Flat has nothing to train; .* nnx\.Param in its attribute back"):
        unlearn(models_with(Flat), tiny_people(1), settings(method), progress=False)


def test_adapters_are_for_eg3ds_generator_alone():
    with pytest.raises(InputError, match="Trainable takes no adapters"):
        unlearn(models_with(Trainable), tiny_people(1), settings("legato"), progress=False)


def test_a_run_whose_file_could_not_be_read_back_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"Trainable: only an eg3d_flax\.TriPlaneGenerator can be written"):
        unlearn(models_with(Trainable), tiny_people(1), settings(), workdir=tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


@pytest.mark.long
def test_it_is_trained_and_rendered():
    models, people = models_with(Trainable), tiny_people(1)
    result = unlearn(models, people, settings(), progress=False)
    before, after = (numbers(each)["backbone"]["synthesis"] for each in (models.generator, result.generator))
    assert not np.array_equal(before["kernel"], after["kernel"])
    assert render(result.generator, people, yaw=[0]).shape == (1, 1, 32, 32, 3)
