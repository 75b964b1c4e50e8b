"""What a method is: who people become, what is rendered against what, and what the parameters are held by.

A pair says: the trainable generator's rendering of `ws_from` should look like the frozen source's rendering
of `ws_to`, both seen from camera `c`. `P` pairs, `L` rows of ws, `D` w_dim.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import jax
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from eg3d_flax.synthesis import NoiseMode
from jaxunlearn.errors import InputError
from jaxunlearn.methods import ewc
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.loading import Models

Pytree = Any


class Pairs(NamedTuple):
    """Latents and cameras of the pairs of one step."""

    ws_from: jax.Array
    """`[P, L, D]`, for the trainable generator."""

    ws_to: jax.Array
    """`[P, L, D]`, for the frozen source."""

    c: jax.Array
    """`[P, 25]`."""

    planes_to: jax.Array | None = None
    """`[n, 3, H, W, C]`: planes of the first n `ws_to` in the source, where they are known already."""


class Target(NamedTuple):
    """Whom one generator copy forgets and what becomes of them: one person, or `N` with a leading axis."""

    ws: jax.Array
    """`[L, D]` or `[N, L, D]`."""

    ws_target: jax.Array
    """As `ws`."""

    planes: jax.Array | None
    """`[3, H, W, C]` of `ws_target` in the source, computed once; None where they are not kept."""


class Source(NamedTuple):
    """What pairs are made with."""

    mapping: Callable[[jax.Array, jax.Array | None], jax.Array]
    """z `[N, z_dim]` and cameras `[N, 25]`, or None for the frontal one → ws `[N, L, D]`."""

    surrogates: Callable[[jax.Array], jax.Array] | None
    """D: ws `[N, L, D]` → who these people become, the same shape."""


class Schedule(NamedTuple):
    """Where a run is."""

    key: jax.Array
    """The run's, the same in all its steps."""

    step: jax.Array
    """Steps taken."""


class PairSampling(Protocol):
    """A method: how the pairs of a step are drawn. Hashable, since programs are compiled for it."""

    @property
    def keeps_target_planes(self) -> bool:
        """Whether the planes of the targets are computed once and kept."""
        ...

    @property
    def count(self) -> int:
        """Pairs a step, `P`."""
        ...

    def weights(self) -> dict[str, np.ndarray]:
        """Return the weight of each pair, `[P]`, for each of `losses.TERMS`."""
        ...

    def draw(self, key: jax.Array, z_dim: int, schedule: Schedule) -> Any:
        """Draw everything random about one step's pairs, a pytree; `key` is the step's own."""
        ...

    def pairs(self, draws: Any, target: Target, source: Source) -> Pairs:
        """The pairs that draws stand for."""
        ...


@dataclasses.dataclass(frozen=True)
class StepSettings:
    """How pairs are drawn, rendered and followed.

    Attributes:
      sampling: the method's pairs.
      noise_mode: of the synthesis network; the official code leaves it at "random".
      draws: "shared" uses the same noise and jitter on both sides of a pair, and the same planes for the
        planes term and for the image; "independent" draws each anew, as the official code does, so that
        even equal generators differ and the planes are computed twice.
      neural_rendering_resolution: rays along each side; None takes the model's.
      compute: dtype and forms.
    """

    sampling: PairSampling
    noise_mode: NoiseMode = "const"
    draws: Literal["shared", "independent"] = "shared"
    neural_rendering_resolution: int | None = None
    compute: Compute = dataclasses.field(default_factory=Compute)


class Before(NamedTuple):
    """What an earlier request left, for the next one to begin with."""

    generator: TriPlaneGenerator
    """Where training starts, and what the parameters are held at."""

    memory: Pytree = None
    """What the method keeps besides; `Method.left_by` makes it, `Method.prepare` reads it."""


class Prepared(NamedTuple):
    """What steps need besides the generator."""

    ws_target: np.ndarray
    """`[K, L, D]`, who people become."""

    surrogates: Callable[[jax.Array], jax.Array] | None = None
    """D, where the step computes targets of adjacent latents with it."""

    memory: ewc.Memory | None = None
    """What holds the parameters, if anything."""

    summary: Mapping[str, Any] = MappingProxyType({})
    """Figures for the run's summary."""


class Method:
    """A method of unlearning; to add one, subclass this and register it in `methods.registry`.

    Attributes:
      name: as `config.method` and `--method` call it.
      label: as tables and pages call it.
      presets: name → settings for a number of people; "paper" and "heads" are the defaults of released
        generators and of the bundled one.
    """

    name: str
    label: str
    presets: Mapping[str, Callable[[int], ConfigDict]]

    def declaration(self, config: ConfigDict | None = None) -> type:
        """The dataclass that declares the settings; of `config`, where settings depend on it."""
        raise NotImplementedError

    def declarations(self) -> Mapping[str, type]:
        """All declarations that `declaration` may return, by names for the docs."""
        return {self.name: self.declaration()}

    def preset(self, suffix: str, people: int, *, shared: bool = False) -> ConfigDict:
        """The default settings: `suffix` is "paper" or "heads".

        Args:
          suffix: which of the presets.
          people: who are forgotten.
          shared: whether they must share one generator.

        Raises:
          InputError: if the method gives everybody a generator of their own, and must not.
        """
        if shared and not self.shares_generator(self.presets[suffix](people)):
            raise InputError(f"{self.label} gives every person a generator of their own")
        return self.presets[suffix](people)

    def shares_generator(self, config: ConfigDict) -> bool:
        """True if one generator forgets all people; False if each has one of their own."""
        raise NotImplementedError

    def check(self, config: ConfigDict) -> None:
        """Refuse settings that contradict each other; each by itself is in its range already.

        Raises:
          InputError: naming the setting.
        """

    def check_files(self, config: ConfigDict) -> None:
        """Refuse files that are named in a config and cannot be read.

        Raises:
          InputError: naming setting and file.
        """

    def sampling(self, config: ConfigDict, model: GeneratorConfig, unit: float, people: int) -> PairSampling:
        """How the pairs of a step are drawn.

        Args:
          config: checked.
          model: sizes and cameras of the generator.
          unit: length of `config.unit` in latent space.
          people: who share a generator copy.
        """
        raise NotImplementedError

    def prepare(
        self,
        models: Models,
        ws: np.ndarray,
        config: ConfigDict,
        kept: Path | None,
        before: Before | None = None,
        mesh: Mesh | None = None,
        *,
        progress: bool = True,
    ) -> Prepared:
        """Find what the steps need: who people become, and what the parameters are held by.

        Args:
          models: the source.
          ws: `[K, L, D]`, the people.
          config: checked.
          kept: a folder for what took long to find; what lies there is read, not found again.
          before: what an earlier request left.
          mesh: devices that share the work; None uses one.
          progress: whether to show bars.

        Raises:
          InputError: if a latent or a file cannot be used.
        """
        raise NotImplementedError

    def untrained(
        self, config: ConfigDict, model: GeneratorConfig, w_avg: jax.Array, trainable: Pytree
    ) -> tuple[Callable[[jax.Array], jax.Array] | None, ewc.Memory | None]:
        """What `prepare` would give the steps, without its work: a step takes as long with it.

        Args:
          config: checked.
          model: sizes of the generator.
          w_avg: its mean latent.
          trainable: its parameters.
        """
        return None, None

    def left_by(self, kept: Path, config: ConfigDict, generator: TriPlaneGenerator) -> Before:
        """What a finished run leaves for the next request.

        Args:
          kept: the folder that `prepare` had.
          config: of the run.
          generator: what the run made.
        """
        return Before(generator)

    def check_distance(self, config: ConfigDict) -> None:
        """Refuse settings without a distance of targets to vary.

        Raises:
          InputError: naming the setting.
        """
        raise InputError(f"{self.label} has no distance to vary")

    def same_for_all_distances(
        self,
        models: Models,
        ws: np.ndarray,
        config: ConfigDict,
        kept: Path,
        mesh: Mesh | None,
        *,
        progress: bool,
    ) -> Mapping[str, Any]:
        """Do once what runs with different distances share.

        Returns:
          Changes to the settings of each run, by dotted name.
        """
        return {}
