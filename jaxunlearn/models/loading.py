"""A generator with the networks that unlearning and its measurement need."""

import dataclasses
import functools
import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike

import lpips_flax
from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import GeneratorConfig, TriPlaneGenerator
from inception_flax import InceptionV3
from jaxunlearn.errors import InputError
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.generator import BUNDLED, RANDOM, initialised, load_generator
from jaxunlearn.models.identity import IdentityNetwork, identity_network, load_identity
from jaxunlearn.models.latent_io import read_latents
from jaxunlearn.models.perception import Perception, perception_of
from lpips_flax import LPIPS

SAMPLES = 10_000
"""Latents that a model's `median_radius` is taken over, and its mean where the file has none."""
SEED = 0
"""Of the z of these latents."""

Network = TypeVar("Network")


class RandomWeights(UserWarning):
    """A network whose file was not found runs with random weights."""


@dataclasses.dataclass(frozen=True, eq=False)
class MeanLatent:
    """A mean latent and where it comes from.

    Attributes:
      w_avg: `[w_dim]` or `[num_ws, w_dim]`.
      origin: in words.
      samples, seed: how many z it is the mean of, and which, if it was computed here.
    """

    w_avg: jax.Array
    origin: str
    samples: int | None = None
    seed: int | None = None

    @classmethod
    def read(cls, path: Path, config: GeneratorConfig) -> "MeanLatent":
        """From a file such as `w_avg_ffhqrebalanced512-128.pt`; see `latent_files.read_latents` for others.

        Raises:
          InputError: if it holds no single latent of the generator.
          torch_bridge.CheckpointError: if it cannot be read.
        """
        path = pretrained.locate_file(path)
        ws = read_latents(path, config)
        if len(ws) != 1:
            raise InputError(f"{path}: holds {len(ws)} latents; a mean is one")
        return cls(jnp.asarray(ws[0]), f"{path.name}, sha256 {pretrained.sha256(path)}")


@dataclasses.dataclass(frozen=True)
class Models:
    """What `unlearn` and `evaluate` work with.

    Attributes:
      name: name or path of the generator.
      generator: the source.
      perceptual, perceptual_name: LPIPS of the loss, and what to call it.
      identity: network of the identity loss.
      judge: network that measures; never part of a loss.
      given_mean: the mean latent to use in place of the generator's.
    """

    name: str
    generator: TriPlaneGenerator
    perceptual: LPIPS
    perceptual_name: str
    identity: IdentityNetwork
    judge: IdentityNetwork
    given_mean: MeanLatent | None = None

    @functools.cached_property
    def mean(self) -> MeanLatent:
        """The mean latent: the one given, else the generator's, else that of 10,000 random people.

        The last is for files whose `w_avg` is all zeros: the mapping network's mean over z, seen from the
        front, which is how the latents of a run are drawn. How the authors' own file was averaged is unknown.
        """
        if self.given_mean is not None:
            return self.given_mean
        of_file = self.generator.backbone.mapping.w_avg[...]
        if np.any(np.asarray(of_file)):
            return MeanLatent(of_file, "the generator's")
        w_avg = jnp.mean(self._many_latents[:, 0], axis=0)
        return MeanLatent(w_avg, f"mean of {SAMPLES} mapped z, since the generator's is zero", SAMPLES, SEED)

    @property
    def w_avg(self) -> jax.Array:
        """The mean latent, `[w_dim]` or `[num_ws, w_dim]`; see `mean`."""
        return self.mean.w_avg

    @functools.cached_property
    def median_radius(self) -> float:
        """Median ‖w - w̄‖ over 10,000 z, the scale of distances between latents."""
        return float(median_radius(self._many_latents, self.w_avg))

    @property
    def _many_latents(self) -> jax.Array:
        """`[SAMPLES, num_ws, w_dim]`; not kept."""
        config = self.generator.config
        z = jax.random.normal(jax.random.key(SEED), (SAMPLES, config.z_dim))
        return self.generator.mapping(z, conditioning_view(config, SAMPLES))

    @functools.cached_property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of the generator's numbers."""
        return fingerprint_of(self.generator)

    def perception(self, dtype: DTypeLike = jnp.float32) -> Perception:
        """How the loss compares images, with convolutions in `dtype` and distances in float32."""
        return perception_of(self.perceptual, self.identity, dtype)


def fingerprint_of(generator: TriPlaneGenerator) -> str:
    """Hexadecimal SHA-256 of a generator's numbers."""
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(nnx.state(generator)):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def load_models(
    name_or_path: str = "heads",
    *,
    perceptual: str | None = None,
    identity: str | None = None,
    judge: str | None = None,
    w_avg: Path | None = None,
) -> Models:
    """Load a generator with its networks.

    The bundled models come with LPIPS on AlexNet and two identity networks of their own. Any other
    generator is taken for one of EG3D's faces: LPIPS on VGG16, IR-SE50 as the loss and CurricularFace as the
    judge, from the files that `jaxunlearn models` lists. A network whose file is not found there runs with
    random weights, which shows what a step costs and nothing else.

    Args:
      name_or_path: see `generators.load_generator`.
      perceptual: "alex", or a file of an LPIPS network or its backbone.
      identity: see `identity.load_identity`.
      judge: likewise.
      w_avg: a file with the mean latent; None takes the generator's, see `Models.mean`.

    Raises:
      InputError: if a name or a file given is no such thing.
      torch_bridge.CheckpointError: if the file of the mean latent cannot be read.

    Warns:
      RandomWeights: if a file that was not given is not found.
    """
    generator = load_generator(name_or_path)
    mean = None if w_avg is None else MeanLatent.read(w_avg, generator.config)
    if name_or_path in (*BUNDLED, RANDOM):
        perceptual, identity = perceptual or "alex", identity or "heads-loss"
        judge = judge or "heads-judge"
    network, label = _perceptual(perceptual)
    return Models(
        name_or_path,
        generator,
        network,
        label,
        _identity(identity, "model_ir_se50.pth", ArcFaceConfig.ir_se50(), "IR-SE50"),
        _identity(judge, "CurricularFace_Backbone.pth", ArcFaceConfig.ir_101(), "CurricularFace IR-101"),
        mean,
    )


def _perceptual(given: str | None) -> tuple[LPIPS, str]:
    if given == "alex":
        return lpips_flax.load("alex"), "LPIPS AlexNet"

    def read(name: str) -> tuple[LPIPS, str]:
        module = open_network(name, "lpips").build()
        assert isinstance(module, LPIPS)
        return module, f"LPIPS {module.net.upper()}"

    def draw() -> tuple[LPIPS, str]:
        backbone, _ = lpips_flax.to_torch(initialised(lambda: LPIPS("vgg", rngs=nnx.Rngs(0))))
        return lpips_flax.from_torch(backbone, lpips_flax.heads("vgg"), "vgg"), "LPIPS VGG (random weights)"

    return _found(given, "vgg16-397923af.pth", read, draw)


def published_inception(name_or_path: str) -> Path | None:
    """FID's network for a generator of this name, if it is here.

    The bundled models are measured with AlexNet's features wherever they run, so that figures compare.
    """
    if name_or_path in (*BUNDLED, RANDOM):
        return None
    return pretrained.find(
        pretrained.entry("pt_inception-2015-12-05-6726825d.pth"), pretrained.search_folders()
    )


def load_inception(name: str | Path) -> InceptionV3:
    """Load FID's network from any file that `convert` takes.

    Raises:
      InputError: if there is no such file, or it holds something else.
    """
    module = open_network(name, "inception").build()
    assert isinstance(module, InceptionV3)
    return module


def _identity(given: str | None, published: str, config: ArcFaceConfig, label: str) -> IdentityNetwork:
    def draw() -> IdentityNetwork:
        module = initialised(lambda: ArcFace(config, rngs=nnx.Rngs(0)))
        return identity_network(module, name=f"{label} (random weights)", threshold=None, framing="face")

    return _found(given, published, load_identity, draw)


def _found(
    given: str | None, published: str, read: Callable[[str], Network], draw: Callable[[], Network]
) -> Network:
    """A network from the file given, from the published file where it is found, or drawn."""
    if given is None:
        path = pretrained.find(pretrained.entry(published), pretrained.search_folders())
        if path is None:
            message = (
                f"{published} not found: random weights in its place, good for measuring speed only "
                "(see `jaxunlearn models`)"
            )
            warnings.warn(message, RandomWeights, stacklevel=4)
            return draw()
        given = str(path)
    return read(given)


def median_radius(ws: jax.Array, w_avg: jax.Array) -> jax.Array:
    """Median distance of samples `[N, L, D]` from the mean: the scale that settings of a model refer to."""
    return jnp.median(jnp.sqrt(jnp.sum(jnp.square(ws - w_avg), axis=(-2, -1))))
