"""In the bundled model's sizes, the plain PyTorch statement computes what our networks compute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import arcface_flax
import eg3d_flax
import lpips_flax
from eg3d_flax.renderer import Jitter, random_jitter
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.losses import identity_distance
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.identity import load_identity
from jaxunlearn.profiling.workload import PRESETS

pytestmark = [pytest.mark.torch, pytest.mark.parity]
torch = pytest.importorskip("torch")
generators = pytest.importorskip("benchmarks.official_step.generator")
identities = pytest.importorskip("benchmarks.official_step.identity")
networks = pytest.importorskip("benchmarks.official_step.networks")
perceptuals = pytest.importorskip("benchmarks.official_step.perceptual")


class GivenDraws:
    """The noise that the generator keeps, and the jitter of one of our renderings."""

    def __init__(self, generator, jitter: Jitter):
        synthesis = generator.backbone.synthesis
        self._noise = {f"noise.{name}": buffer for name, buffer in synthesis.named_buffers()}
        self._jitter = {"jitter_coarse": jitter["coarse"], "u_fine": jitter["fine"]}

    def normal(self, name: str, shape: list[int]):
        return self._noise[f"{name}.noise_const"].expand(shape)

    def uniform(self, name: str, shape: list[int]):
        return torch.from_numpy(np.array(self._jitter[name])).reshape(shape)


def loaded(module, arrays: dict):
    """Load numbers; only PyTorch's filters and batch counters may keep their own."""
    state = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    missing, unexpected = module.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.endswith(("resample_filter", "num_batches_tracked")) for name in missing)
    return module


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Two pairs of images `[2, 128, 128, 3]`."""
    x, y = np.random.default_rng(0).uniform(-1, 1, (2, 2, 128, 128, 3)).astype(np.float32)
    return x, y


def torch_images(images: np.ndarray):
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy())


def test_the_image():
    ours = load_generator("heads")
    config = ours.config
    c = views(config, 0.2, -0.1)
    z = jax.random.normal(jax.random.key(0), (1, config.z_dim))
    ws = ours.mapping(z, jnp.zeros((1, 25)))
    side = networks.BUNDLED_GENERATOR.neural_side
    jitter = random_jitter(jax.random.key(1), 1, side**2, config)
    planes = ours.planes(ws, "const")
    expected = ours.render(planes, ws, c, jitter=jitter, neural_rendering_resolution=side).image

    theirs = loaded(generators.TriPlaneGenerator(networks.BUNDLED.generator), eg3d_flax.to_torch(ours))
    with torch.no_grad():
        mapped = theirs.mapping(torch.from_numpy(np.array(z)), torch.zeros(1, 25))
        np.testing.assert_allclose(mapped.numpy(), ws, atol=1e-5)
        image, _, _ = theirs.image(mapped, torch.from_numpy(np.array(c)), GivenDraws(theirs, jitter))
    np.testing.assert_allclose(image.numpy().transpose(0, 2, 3, 1), expected, atol=1e-3)


def test_the_perceptual_distance():
    ours, (x, y) = lpips_flax.load("alex"), pictures()
    backbone, heads = lpips_flax.to_torch(ours)
    theirs = loaded(perceptuals.LPIPS(perceptuals.alexnet), backbone | heads)
    with torch.no_grad():
        found = theirs(torch_images(x), torch_images(y)).numpy().ravel()
    np.testing.assert_allclose(found, ours(jnp.asarray(x), jnp.asarray(y)), rtol=1e-4)


def test_the_identity_loss():
    ours, (x, y) = load_identity("heads-loss"), pictures()
    arrays = arcface_flax.to_torch(nnx.merge(ours.graph, ours.state))
    theirs = identities.IdentityLoss(loaded(identities.FaceNetwork(networks.BUNDLED_FACES), arrays))
    with torch.no_grad():
        found = theirs(torch_images(x), torch_images(y)).item()
    expected = identity_distance(ours.embed(jnp.asarray(x)), ours.embed(jnp.asarray(y))).mean()
    assert found == pytest.approx(float(expected), abs=1e-5)


def test_the_number_of_pairs():
    """Those of the settings that `jaxunlearn bench` times."""
    assert PRESETS["heads"].config() == presets.heads()
    pairs = presets.heads().pairs
    assert (networks.BUNDLED.adjacent, networks.BUNDLED.everyone) == (pairs.num_adjacent, pairs.num_global)
