"""Settings of baking."""

import dataclasses
import math

import jax.numpy as jnp
from jax.sharding import Mesh

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.limits import LARGEST_SEED, MAX_YAW, PITCH, RAY_CHUNK
from jaxunlearn.methods.config import common_settings
from jaxunlearn.methods.config.declaration import ConfigDict, check_declared, section, setting
from jaxunlearn.process.devices import default_platform


@dataclasses.dataclass(frozen=True)
class Latents:
    """`config.latents`: whom a step looks at."""

    batch: int = setting(8, "Latents whose planes a step compares.", least=1, most=4096)
    near: int = setting(
        2,
        "Of these, latents of the forgotten people or near them; the first is a person's own.",
        least=0,
        most=4096,
    )
    radius: float = setting(
        0.7, "Greatest distance of near latents from the person, in median radii.", least=0, most=1e3
    )
    images: int = setting(
        4,
        "Of the batch, latents that are rendered, too, from a random view; near ones first.",
        least=0,
        most=4096,
    )
    max_yaw: float = setting(MAX_YAW, "Greatest yaw of a view to either side, in degrees.", least=0, most=180)
    pitch: float = setting(PITCH, "Pitch of all views in radians.", least=-math.pi / 2, most=math.pi / 2)


@dataclasses.dataclass(frozen=True)
class Terms:
    """`config.terms`: weights of what the baked generator's output is compared by."""

    planes: float = setting(
        10.0,
        "Weight of the planes' mean squared difference, divided by the mean square of the adapted planes.",
        least=0,
        most=1e9,
    )
    perceptual: float = setting(1.0, "Weight of LPIPS.", least=0, most=1e9)
    identity: float = setting(1.0, "Weight of 1 - identity similarity.", least=0, most=1e9)


@dataclasses.dataclass(frozen=True)
class Optimiser(common_settings.Optimiser):
    """`config.optimiser`: Adam."""

    learning_rate: float = setting(2.5e-3, "Learning rate.", least=0, most=1e3)
    schedule: str = setting(
        "cosine", "`cosine`: the learning rate falls to 0 at the last step.", choices=("constant", "cosine")
    )


@dataclasses.dataclass(frozen=True)
class Rendering:
    """`config.rendering`."""

    ray_chunk: int = setting(
        RAY_CHUNK,
        "Rays of an image that are rendered at a time, to save memory; 0: all rays of all images.",
        least=0,
        most=2**20,
        may_change=True,
    )
    dtype: str = setting("float32", "Type of activations.", choices=("float32", "bfloat16"))


@dataclasses.dataclass(frozen=True)
class Measuring:
    """`config.measuring`: how the loss of baking is measured, on people whom no step saw."""

    views: int = setting(11, "Views of each forgotten person.", least=1, most=1024, may_change=True)
    people: int = setting(
        64, "Random people whose pictures are compared one by one.", least=1, most=10**6, may_change=True
    )
    frechet_samples: int = setting(
        256, "Random people for the Fréchet distance.", least=2, most=10**6, may_change=True
    )
    align: str = setting(
        "auto",
        "How faces are cropped for the judge.",
        choices=("auto", "mtcnn", "landmarks", "fixed"),
        may_change=True,
    )
    batch: int = setting(16, "Images in a batch.", least=1, most=4096, may_change=True)
    seed: int = setting(
        0, "Seed of the random people and views.", least=0, most=LARGEST_SEED, may_change=True
    )


@dataclasses.dataclass(frozen=True)
class Baking:
    """All settings of baking."""

    seed: int = setting(0, "Seed of all random numbers of the steps.", least=0, most=LARGEST_SEED)
    steps: int = setting(600, "Steps of the optimiser.", least=1, most=10**7)
    latents: Latents = section(Latents)
    terms: Terms = section(Terms)
    optimiser: Optimiser = section(Optimiser)
    rendering: Rendering = section(Rendering)
    measuring: Measuring = section(Measuring)
    log_every: int = setting(10, "Steps between two lines of the log.", least=1, most=10**7, may_change=True)
    checkpoint_every: int = setting(
        100, "Steps between two checkpoints.", least=1, most=10**7, may_change=True
    )


def check(config: ConfigDict, mesh: Mesh | None = None) -> None:
    """Refuse settings that are unknown, out of range, or contradict each other or the mesh.

    Args:
      config: the settings.
      mesh: devices that share the latents of a step; None for one.

    Raises:
      InputError: with the name of the setting.
    """
    check_declared(config, Baking)
    latents, terms = config.latents, config.terms
    for name in ("near", "images"):
        if latents[name] > latents.batch:
            raise InputError(f"config.latents.{name} must be at most config.latents.batch ({latents.batch})")
    if mesh is not None and latents.batch % mesh.size:
        raise InputError(
            f"config.latents.batch ({latents.batch}) must be a multiple of the {mesh.size} devices, "
            "or some would only repeat the work of others"
        )
    if not latents.images and not terms.planes:
        raise InputError("config.terms.planes is 0 and config.latents.images, too: there is nothing to learn")
    if not sum(terms.values()) > 0:
        raise InputError("config.terms: all weights are 0, so there is nothing to learn")
    if config.measuring.frechet_samples < config.measuring.people:
        raise InputError("config.measuring.frechet_samples must be at least config.measuring.people")


def compute(config: ConfigDict) -> Compute:
    """Return the forms of computation for this machine, in the config's dtype, with its chunks of rays."""
    return dataclasses.replace(
        Compute.for_platform(default_platform()),
        dtype=jnp.dtype(config.rendering.dtype),
        ray_chunk=config.rendering.ray_chunk or None,
    )
