"""What a generator is; get one by name or from a file, save it, and split off what is trained."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from numpy.typing import ArrayLike

from eg3d_flax import Compute, GeneratorConfig, RenderOutput, TriPlaneGenerator
from eg3d_flax.checkpoint import ARCHITECTURE
from eg3d_flax.decoder import Decoded
from eg3d_flax.renderer import Jitter
from eg3d_flax.synthesis import Noise, NoiseMode
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.bundled import bundled_or_file
from jaxunlearn.models.files.network_files import open_network
from jaxunlearn.process.devices import on_cpu
from jaxunlearn.process.jax_settings import pinned_settings
from torch_bridge.limits import config_of_header
from torch_bridge.module_files import save_module


class Generator(Protocol):
    """What unlearning needs of a generator, an `nnx.Module`; `eg3d_flax.TriPlaneGenerator` is one.

    What is trained must be `nnx.Param`s in its attribute `backbone.synthesis`. Only EG3D's own class can be
    written to a file, so that runs of another have no folder; and only it takes adapters.

    Planes are whatever lies between latents and rendering, with a leading axis for the batch: the planes term
    of the loss compares them. `B` latents, `L` rows of ws, `D` w_dim.
    """

    @property
    def config(self) -> GeneratorConfig:
        """Sizes, and the cameras it was trained with."""
        ...

    @property
    def w_avg(self) -> jax.Array:
        """Mean latent `[D]` of its training."""
        ...

    def mapping(
        self,
        z: jax.Array,
        c: jax.Array | None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        /,
    ) -> jax.Array:
        """Latents z `[B, z_dim]` and cameras `[B, 25]` → ws `[B, L, D]`."""
        ...

    def planes(
        self,
        ws: jax.Array,
        noise_mode: NoiseMode = "const",
        /,
        *,
        noise: Noise | None = None,
        compute: Compute,
    ) -> jax.Array:
        """Latents ws `[B, L, D]` → planes `[B, ...]`."""
        ...

    def draw_noise(self, key: jax.Array, batch: int, /) -> Noise:
        """Draw the noise that `planes` takes, for `batch` latents."""
        ...

    def query(self, planes: jax.Array, points: jax.Array, /, *, compute: Compute) -> Decoded:
        """Planes and points `[B, M, 3]` in world space → colours and densities."""
        ...

    def render(
        self,
        planes: jax.Array,
        ws: jax.Array,
        c: jax.Array,
        /,
        *,
        jitter: Jitter | None = None,
        neural_rendering_resolution: int | None = None,
        compute: Compute,
    ) -> RenderOutput:
        """Planes, their latents and cameras `[B, 25]` → images."""
        ...

    def synthesis(
        self,
        ws: jax.Array,
        c: jax.Array,
        noise_mode: NoiseMode = "const",
        key: jax.Array | None = None,
        /,
        *,
        neural_rendering_resolution: int | None = None,
        compute: Compute,
    ) -> RenderOutput:
        """Latents ws `[B, L, D]` and cameras `[B, 25]` → images: `planes`, then `render`.

        Noise and jitter follow from `key`: one for all latents, or one for each.
        """
        ...


RANDOM = "random"
"""Name of a small generator that was never trained: soft blobs, the same from every side."""
RANDOM_FULL_SIZE = "random-ffhq512"
"""Name of a full-size generator that was never trained: what a step costs, without a download."""

BUNDLED: Mapping[str, str] = {"heads": "heads"}
"""Name of a bundled generator → its file in `jaxunlearn/zoo`, which MODELS.md describes."""

_BLOBS = dataclasses.replace(
    GeneratorConfig.small(),
    superresolution_module="none",
    img_resolution=64,
    neural_rendering_resolution=64,
    white_back=True,
)
"""Sizes of the generator `RANDOM`."""


def family_of(config: GeneratorConfig) -> str | None:
    """Return the name of the bundled generator with these settings; None if none has.

    Copies of it, and what runs made of it, have them, too. Their people are the same, also with fewer rays.
    """
    ours, heads = (dataclasses.asdict(each) for each in (config, GeneratorConfig.heads()))
    differing = {name for name in heads if ours[name] != heads[name]}
    return "heads" if differing <= {"neural_rendering_resolution"} else None


def is_small(config: GeneratorConfig) -> bool:
    """Return True for a generator that the bundled networks, and the settings for the bundled one, suit."""
    return family_of(config) is not None or config == _BLOBS


def initialise(config: GeneratorConfig, seed: int = 0) -> TriPlaneGenerator:
    """A generator with fresh random weights."""
    return initialised(lambda: TriPlaneGenerator(config, rngs=nnx.Rngs(seed)))


def _blobs() -> TriPlaneGenerator:
    """Random weights with a density steep enough to be seen; fresh ones render a thin fog."""
    generator = initialise(_BLOBS)
    last = generator.decoder.net["2"]
    gain = np.full(last.weight.shape[1], 3.0, np.float32)
    gain[0] = 40.0
    last.weight[...] = last.weight[...] * gain
    return generator


@pinned_settings()
def load_generator(name_or_path: str) -> TriPlaneGenerator:
    """Load a generator.

    Args:
      name_or_path: "heads", which is bundled, "random", "random-ffhq512", or any file of a generator
        that `jaxunlearn convert` reads.

    Raises:
      InputError: if there is no such model, its file cannot be read, its weights do not fit, its
        super-resolution draws noise, or it is conditioned on something else than a camera.
    """
    if name_or_path == RANDOM:
        return _blobs()
    if name_or_path == RANDOM_FULL_SIZE:
        return initialise(GeneratorConfig.ffhq512_128())
    with _file_of(name_or_path) as file:
        return _read(file)


def config_of(name_or_path: str) -> GeneratorConfig:
    """Return the settings of a generator, see `load_generator`, without building it, which takes longer.

    Raises:
      InputError: if there is no such model, or its file cannot be read.
    """
    if name_or_path == RANDOM:
        return _BLOBS
    if name_or_path == RANDOM_FULL_SIZE:
        return GeneratorConfig.ffhq512_128()
    with _file_of(name_or_path) as file:
        return config_of_header(open_network(file, ARCHITECTURE).network.header, GeneratorConfig.from_json)


def _file_of(name_or_path: str) -> AbstractContextManager[str | Path]:
    names = ", ".join((*BUNDLED, RANDOM, RANDOM_FULL_SIZE))
    return bundled_or_file(name_or_path, BUNDLED, f"not the name of a model ({names})")


def check_has_file(generator: Generator) -> None:
    """Refuse a generator of another class than EG3D's, whose file could not be read back.

    Raises:
      InputError: with the name of the class.
    """
    if type(generator) is not TriPlaneGenerator:
        raise InputError(
            f"{type(generator).__name__}: only an eg3d_flax.TriPlaneGenerator can be written to a file and "
            "read back; leave workdir out, and keep the result"
        )


def save_generator(
    generator: Generator, path: Path, notes: Mapping[str, str], *, dtype: str = "float32"
) -> None:
    """Write weights in our layout, with a header of architecture, config and `notes`.

    Args:
      generator: what to write.
      path: a `.safetensors` file; it appears complete or not at all.
      notes: source, licence, seed, ...
      dtype: "float32", "float16" for half the size, or "uint8" for a quarter.

    Raises:
      InputError: see `check_has_file`.
    """
    check_has_file(generator)
    header = {"architecture": ARCHITECTURE, "config": json.dumps(generator.config.to_json()), **notes}
    assert isinstance(generator, nnx.Module)
    save_module(generator, path, header=header, dtype=dtype)


def _read(name: str | Path) -> TriPlaneGenerator:
    generator = open_network(name, ARCHITECTURE).build()
    assert isinstance(generator, TriPlaneGenerator)
    if generator.config.superresolution_noise_mode != "none":
        raise InputError(
            f"{name}: its super-resolution adds random noise to every image; only generators with "
            'superresolution_noise_mode "none" can be used, though convert reads this one'
        )
    if generator.config.c_dim not in (0, 25):
        raise InputError(
            f"{name}: is conditioned on {generator.config.c_dim} numbers; only generators conditioned on a "
            "camera of 25 numbers, or on nothing, can be used, though convert reads this one"
        )
    return generator


Module = TypeVar("Module", bound=nnx.Module)
Pytree = Any


def initialised(make: Callable[[], Module]) -> Module:
    """What `make()` returns, with its weights drawn on the CPU.

    For EG3D at full size, compiling the drawing of all arrays in one function takes three times as long on a
    CPU as drawing one after the other, and many minutes on a GPU.
    """
    with on_cpu():
        module = make()
    graphdef, drawn = nnx.split(module)
    # As host arrays, they go to the default device, like weights from a file.
    return nnx.merge(graphdef, jax.tree.map(jnp.asarray, jax.device_get(drawn)))


def fingerprint_of(network: Generator | nnx.Module) -> str:
    """Return the SHA-256 of the numbers of a generator or of adapters in hexadecimal."""
    return sha256_of_arrays(jax.tree.leaves(nnx.state(network)))


def sha256_of_arrays(arrays: Iterable[ArrayLike]) -> str:
    """Return the SHA-256 of the numbers of arrays, one after the other, in hexadecimal."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def latent_space_of(generator: Generator) -> str:
    """Return the SHA-256 of a generator's own mean latent: the same where latents mean the same.

    Unlearning, adapters and baking change how latents are drawn, and leave the mapping network and its mean.
    """
    return sha256_of_arrays([np.asarray(generator.w_avg, np.float32)])


def fingerprint_with_settings(generator: Generator) -> str:
    """Return the SHA-256 of the numbers and the settings of a generator in hexadecimal.

    The same numbers render other images with other rays or another box. Adapters ask for the numbers alone,
    since official files may hold their generator with edited rendering settings. Settings with their defaults
    are left out, so that a field that is added later changes no fingerprint.
    """
    config = generator.config
    settings = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if getattr(config, field.name) != field.default
    }
    text = fingerprint_of(generator) + json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class SplitGenerator(NamedTuple):
    """A generator taken apart into what is trained and what is not."""

    graphdef: nnx.GraphDef
    trainable: Pytree
    """What is trained, such as the parameters of `backbone.synthesis`."""

    fixed: Pytree
    """Everything else, such as mapping, decoder, super-resolution, buffers."""

    source: nnx.GraphDef | None = None
    """Structure of the source, where training adds a part to it: `fixed` alone are its arrays then."""


def synthesis_parameters(path: tuple, value: Any) -> bool:
    """Return True for the parameters of `backbone.synthesis`, also of a generator inside an adapted one."""
    while path[0] == "generator":
        path = path[1:]
    return path[:2] == ("backbone", "synthesis") and isinstance(value, nnx.Param)


def split_generator(
    generator: Generator | nnx.Module, trainable: Callable[[tuple, Any], bool] = synthesis_parameters
) -> SplitGenerator:
    """Separate what is trained from what stays as it is.

    Args:
      generator: an `nnx.Module`.
      trainable: path and variable → True if it is trained.

    Raises:
      InputError: if nothing is trained.
    """
    graphdef, trained, fixed = nnx.split(generator, trainable, ...)
    if not jax.tree.leaves(trained):
        raise InputError(
            f"{type(generator).__name__} has nothing to train; what is trained must be nnx.Param in its "
            "attribute backbone.synthesis"
        )
    return SplitGenerator(graphdef, trained, fixed)


def merge_generator(split: SplitGenerator) -> Any:
    """Return the generator that was taken apart."""
    return nnx.merge(split.graphdef, split.trainable, split.fixed)


def merge_source(split: SplitGenerator) -> Any:
    """Return the source that training starts from, without the part that training adds to it."""
    return merge_generator(split) if split.source is None else nnx.merge(split.source, split.fixed)
