"""Load a generator with the networks that unlearning and evaluation need."""

import dataclasses
import functools
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import DTypeLike

import lpips_flax
from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import GeneratorConfig
from inception_flax import InceptionV3
from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import as_list
from jaxunlearn.models.adapters import adapted
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.dlib_network import DLIB, DlibNetwork
from jaxunlearn.models.files import pretrained
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.models.generator import (
    Generator,
    family_of,
    fingerprint_of,
    fingerprint_with_settings,
    initialised,
    is_small,
    load_generator,
)
from jaxunlearn.models.identity import IdentityNetwork, identity_network, load_identity
from jaxunlearn.models.latent_io import read_latents
from jaxunlearn.models.perception import Perception, perception_of
from jaxunlearn.process.jax_settings import pinned_settings
from lpips_flax import LPIPS

SAMPLES = 10_000
"""Number of random latents for a model's `median_radius`, and for its mean if the file has none."""
SEED = 0
"""Seed of these latents' z."""

JudgeNetwork = IdentityNetwork | DlibNetwork

BUNDLED_JUDGES = ("heads-judge", "heads-face-judge", DLIB)
"""Names of the networks that judge the bundled models."""

RANDOM_WEIGHTS = "(random weights)"
"""Ends the name of a network whose file was not found."""

Network = TypeVar("Network")


class RandomWeights(UserWarning):
    """Warns that a network has random weights because its file was not found."""


@dataclasses.dataclass(frozen=True, eq=False)
class MeanLatent:
    """A mean latent and its origin.

    Attributes:
      w_avg: `[w_dim]` or `[num_ws, w_dim]`.
      origin: in words.
      samples, seed: number and seed of the averaged z, if the mean was computed here.
    """

    w_avg: jax.Array
    origin: str
    samples: int | None = None
    seed: int | None = None

    @classmethod
    def read(cls, path: Path | str, config: GeneratorConfig) -> "MeanLatent":
        """Read a mean latent, for example from `w_avg_ffhqrebalanced512-128.pt`; see `read_latents`.

        Raises:
          InputError: if the file cannot be read, or does not hold exactly one latent of the generator.
        """
        path = pretrained.locate_file(path)
        ws = read_latents(path, config)
        if len(ws) != 1:
            raise InputError(f"{path}: holds {len(ws)} latents; give a file with one mean latent")
        return cls(jnp.asarray(ws[0]), f"{path.name}, sha256 {pretrained.sha256(path)}")


class NetworksOfLoss(TypedDict):
    """Names of the networks of the loss, and SHA-256 of their numbers, since many weights have one name."""

    perceptual: str
    identity: str
    perceptual_sha256: str
    identity_sha256: str


@dataclasses.dataclass(frozen=True)
class Models:
    """The networks of `unlearn` and `evaluate`.

    Attributes:
      name: name or path of the generator.
      generator: the source.
      perceptual: LPIPS of the loss.
      perceptual_name: its name.
      identity: network of the identity loss.
      judge: network that measures; it is never part of a loss. Where several measure, it is the main one.
      judges: all networks that measure; by default only `judge`. The first of them but dlib's is `judge`.
      given_mean: mean latent to use instead of the generator's.
      adapters: files of the adapters that the generator has.
      network_files: `perceptual`, `identity` and `w_avg` as `load_models` was given them, without those that
        it was not given; for folders to keep.

    Raises:
      InputError: if `judge` is not the main one of `judges`.
    """

    name: str
    generator: Generator
    perceptual: LPIPS
    perceptual_name: str
    identity: IdentityNetwork
    judge: IdentityNetwork
    given_mean: MeanLatent | None = None
    judges: tuple[JudgeNetwork, ...] = ()
    adapters: tuple[str, ...] = ()
    network_files: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.judges:
            object.__setattr__(self, "judges", (self.judge,))
        main = next((judge for judge in self.judges if isinstance(judge, IdentityNetwork)), self.judge)
        if main is not self.judge:
            raise InputError(
                f"the judge {self.judge.name!r} is not the first of judges, but {main.name!r}: give both, "
                "such as judge=mine, judges=(mine, *models.judges)"
            )

    @property
    def family(self) -> str | None:
        """Name of the bundled generator that this is, or was made from; see `family_of`."""
        return family_of(self.generator.config)

    @property
    def is_bundled(self) -> bool:
        """True for the bundled generator and what was made from it. Its people and its encoder are known."""
        return self.family is not None

    @functools.cached_property
    @pinned_settings()
    def mean(self) -> MeanLatent:
        """Mean latent, given or the generator's own, else the mean of 10,000 random latents.

        The last case is for files in which `w_avg` is zero. It maps random z with the frontal camera, as the
        latents of a run are made. How the authors computed their file is unknown.
        """
        if self.given_mean is not None:
            return self.given_mean
        own = self.generator.w_avg
        if np.any(np.asarray(own)):
            return MeanLatent(own, "the generator's")
        w_avg = jnp.mean(self._many_latents[:, 0], axis=0)
        return MeanLatent(w_avg, f"mean of {SAMPLES} mapped z, since the generator's is zero", SAMPLES, SEED)

    @property
    def w_avg(self) -> jax.Array:
        """The mean latent, `[w_dim]` or `[num_ws, w_dim]`; see `mean`."""
        return self.mean.w_avg

    @functools.cached_property
    @pinned_settings()
    def median_radius(self) -> float:
        """Unit of distances between latents, the median of ‖w - w̄‖ over 10,000 random z."""
        return float(median_radius(self._many_latents, self.w_avg))

    @property
    def _many_latents(self) -> jax.Array:
        """Random latents `[SAMPLES, num_ws, w_dim]`, computed at each access to save memory."""
        config = self.generator.config
        z = jax.random.normal(jax.random.key(SEED), (SAMPLES, config.z_dim))
        return self.generator.mapping(z, conditioning_view(config, SAMPLES))

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the generator's numbers and settings in hexadecimal."""
        return fingerprint_with_settings(self.generator)

    @functools.cached_property
    def networks_of_loss(self) -> NetworksOfLoss:
        """The networks of the loss, as folders keep them."""
        return NetworksOfLoss(
            perceptual=self.perceptual_name,
            identity=self.identity.name,
            perceptual_sha256=fingerprint_of(self.perceptual),
            identity_sha256=fingerprint_of(nnx.merge(self.identity.graph, self.identity.state)),
        )

    def perception(self, dtype: DTypeLike = jnp.float32) -> Perception:
        """Return how the loss compares images: convolutions in `dtype`, distances in float32."""
        return perception_of(self.perceptual, self.identity, dtype)


@pinned_settings()
def load_models(
    name_or_path: str | Path = "heads",
    *,
    perceptual: str | None = None,
    identity: str | None = None,
    judge: str | Path | Sequence[str | Path] = (),
    w_avg: Path | str | None = None,
    adapters: str | Path | Sequence[str | Path] = (),
) -> Models:
    """Load a generator with the networks of its loss and evaluation.

    The bundled models, also as runs changed them, have LPIPS on AlexNet and bundled identity networks. Other
    generators are treated as EG3D's faces: LPIPS on VGG16, IR-SE50 in the loss, and CurricularFace as the
    main judge, from the files that `jaxunlearn models` lists. dlib's network judges both. A network without
    its file gets random weights; such a run only shows the cost of a step.

    Args:
      name_or_path: see `models.generator.load_generator`.
      perceptual: "alex", or a file of an LPIPS network or of its backbone.
      identity: see `models.identity.load_identity`.
      judge: names or files of the networks that measure, see `models.identity.load_identity`, or "dlib". The
        first but dlib's is the main one. By default those that suit the model.
      w_avg: file of the mean latent; None uses the generator's, see `Models.mean`.
      adapters: a file of adapters that the generator gets, or several in their order; see
        `models.adapters.adapted`.

    Raises:
      InputError: if a name is unknown, a file is missing or does not hold such a network, or two judges have
        the same name.

    Warns:
      RandomWeights: if a network was not given and its published file is not found.
      UserWarning: if a judge is the network of the identity loss.
    """
    name, files = os.fspath(name_or_path), as_list(adapters)
    given = {"perceptual": perceptual, "identity": identity, "w_avg": w_avg}
    generator = adapted(load_generator(name), files)
    mean = None if w_avg is None else MeanLatent.read(w_avg, generator.config)
    judges = [str(each) for each in as_list(judge)]
    defaults: Sequence[str | None] = (None, DLIB)
    if is_small(generator.config):
        perceptual, identity = perceptual or "alex", identity or "heads-loss"
        defaults = BUNDLED_JUDGES
    network, label = _perceptual(perceptual)
    main, all_judges = _judges(judges or defaults, defaults[0])
    in_loss = _identity(identity, "model_ir_se50.pth", ArcFaceConfig.ir_se50(), "IR-SE50")
    _warn_of_judges_in_loss(all_judges, in_loss)
    return Models(
        name,
        generator,
        network,
        label,
        in_loss,
        main,
        mean,
        all_judges,
        tuple(str(path) for path in files),
        {option: str(path) for option, path in given.items() if path},
    )


def _judges(
    names: Sequence[str | None], main: str | None
) -> tuple[IdentityNetwork, tuple[JudgeNetwork, ...]]:
    """Return the main judge and all judges.

    Args:
      names: of all judges; None is CurricularFace.
      main: name of the main judge if only dlib is named. It then serves what needs cosines, such as the table
        of an inversion, and does not judge.

    Raises:
      InputError: if two judges have the same name, by which results tell them apart.
    """

    def cosine_network(name: str | None) -> IdentityNetwork:
        return _identity(name, "CurricularFace_Backbone.pth", ArcFaceConfig.ir_101(), "CurricularFace IR-101")

    judges = tuple(DlibNetwork.load() if name == DLIB else cosine_network(name) for name in names)
    given: dict[str, str | None] = {}
    for judge, name in zip(judges, names, strict=True):
        if judge.name in given:
            raise InputError(
                f"judges {given[judge.name]} and {name}: both are called {judge.name!r}, and results tell "
                "judges apart by name; leave one out, or change its file's name or the name in its header"
            )
        given[judge.name] = name
    networks = [judge for judge in judges if isinstance(judge, IdentityNetwork)]
    return networks[0] if networks else cosine_network(main), judges


def _warn_of_judges_in_loss(judges: Sequence[JudgeNetwork], in_loss: IdentityNetwork) -> None:
    """Warn of each judge that has the weights of the identity loss."""
    weights = jax.tree.leaves(in_loss.state)
    for judge in judges:
        of_judge = jax.tree.leaves(judge.state)
        if len(of_judge) == len(weights) and all(map(np.array_equal, of_judge, weights)):
            warnings.warn(
                f"the judge {judge.name!r} is the network of the identity loss: training works against it, "
                "so it takes people for forgotten whom other judges find",
                stacklevel=4,
            )


def _perceptual(given: str | None) -> tuple[LPIPS, str]:
    if given == "alex":
        return lpips_flax.load("alex"), "LPIPS AlexNet"

    def read(name: str) -> tuple[LPIPS, str]:
        module = open_network(name, "lpips").build()
        assert isinstance(module, LPIPS)
        return module, f"LPIPS {module.net.upper()}"

    def initialise() -> tuple[LPIPS, str]:
        backbone, _ = lpips_flax.to_torch(initialised(lambda: LPIPS("vgg", rngs=nnx.Rngs(0))))
        return lpips_flax.from_torch(backbone, lpips_flax.heads("vgg"), "vgg"), f"LPIPS VGG {RANDOM_WEIGHTS}"

    return _read_or_initialise(given, "vgg16-397923af.pth", read, initialise)


def published_inception(config: GeneratorConfig) -> Path | None:
    """Return the file of FID's network for a generator with these settings; None if it is not installed.

    For the bundled models it is always None: they are measured with AlexNet's features everywhere, so that
    figures can be compared.
    """
    if is_small(config):
        return None
    return pretrained.find(
        pretrained.entry("pt_inception-2015-12-05-6726825d.pth"), pretrained.search_folders()
    )


def load_inception(name: str | Path) -> InceptionV3:
    """Load FID's network from any file that `convert` reads.

    Raises:
      InputError: if there is no such file, or it holds another network.
    """
    module = open_network(name, "inception").build()
    assert isinstance(module, InceptionV3)
    return module


def _identity(given: str | None, published: str, config: ArcFaceConfig, label: str) -> IdentityNetwork:
    def initialise() -> IdentityNetwork:
        module = initialised(lambda: ArcFace(config, rngs=nnx.Rngs(0)))
        return identity_network(module, name=f"{label} {RANDOM_WEIGHTS}", threshold=None, framing="face")

    return _read_or_initialise(given, published, load_identity, initialise)


def _read_or_initialise(
    given: str | None, published: str, read: Callable[[str], Network], initialise: Callable[[], Network]
) -> Network:
    """Read a network from the given file, else from the published file; without both, initialise it."""
    if given is None:
        path = pretrained.find(pretrained.entry(published), pretrained.search_folders())
        if path is None:
            message = (
                f"{published} not found: random weights are used instead, good only for measuring speed "
                "(see `jaxunlearn models`)"
            )
            warnings.warn(message, RandomWeights, stacklevel=5)
            return initialise()
        given = str(path)
    return read(given)


def median_radius(ws: jax.Array, w_avg: jax.Array) -> jax.Array:
    """Return the median distance of latents `[N, L, D]` from the mean: the unit of distances in settings."""
    return jnp.median(jnp.sqrt(jnp.sum(jnp.square(ws - w_avg), axis=(-2, -1))))
