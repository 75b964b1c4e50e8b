"""What a method is: who people become, how pairs are drawn, what is trained, and what protects it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.methods import ewc
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.pairs import LATER, PairSampling
from jaxunlearn.methods.trained_part import BACKBONE, TrainedPart
from jaxunlearn.models.adapters import has_adapters
from jaxunlearn.models.generator import Generator, fingerprint_of
from jaxunlearn.models.loading import Models

Pytree = Any


class Before(NamedTuple):
    """What an earlier request leaves for the next one to begin with."""

    generator: Generator
    """Training starts from it, and its parameters are protected."""

    memory: Pytree = None
    """Whatever else the method keeps; `Method.left_by` makes it, `Method.prepare` reads it."""


def request_key(seed: int, before: Before | None) -> jax.Array:
    """Return the key of everything random in a request; without earlier requests that of the seed itself.

    A later request has a key of its own, which depends on the generator that it begins with. Otherwise all
    requests would draw the same random people, and the errors of their Fishers would add up.

    Args:
      seed: `config.seed`.
      before: what an earlier request left.
    """
    key = jax.random.key(seed)
    if before is None:
        return key
    return jax.random.fold_in(jax.random.fold_in(key, LATER), int(fingerprint_of(before.generator)[:8], 16))


class Prepared(NamedTuple):
    """What the steps need besides the generator."""

    ws_target: np.ndarray
    """`[K, L, D]`, the targets."""

    surrogates: Callable[[jax.Array], jax.Array] | None = None
    """D, if the steps compute targets of adjacent latents with it."""

    memory: ewc.Memory | None = None
    """What protects the parameters, if anything does."""

    summary: Mapping[str, Any] = MappingProxyType({})
    """Figures to add to the run's summary."""


class Advice(NamedTuple):
    """What to do where somebody who shares a generator is not forgotten; names settings of the method."""

    too_near: str
    """If a judge takes their target for them, too."""

    too_far: str = "raise config.steps"
    """If they did not become their target."""

    elsewhere: str = "raise config.pairs.lambda_adjacent"
    """If they are found, but not at their latent."""


class Method:
    """A method of unlearning; to add one, subclass this and register it in `methods.registry`.

    Attributes:
      name: its name in `config.method` and `--method`.
      label: its name in tables and on pages.
      presets: name → settings for a number of people. "paper" is the default for released generators,
        "heads" for the bundled one.
    """

    name: str
    label: str
    presets: Mapping[str, Callable[[int], ConfigDict]]

    def declaration(self, config: ConfigDict | None = None) -> type:
        """Return the dataclass that declares the settings; the one for `config`, where there are several."""
        raise NotImplementedError

    def declarations(self) -> Mapping[str, type]:
        """Return all declarations that `declaration` may return, by their names in the docs."""
        return {self.name: self.declaration()}

    def preset(self, suffix: str, people: int, *, shared: bool = False) -> ConfigDict:
        """Return default settings.

        Args:
          suffix: "paper" or "heads".
          people: number of people to forget.
          shared: True if they must share one generator.

        Raises:
          InputError: if they must share one, but the method gives everybody a copy; see `settings_of`, too.
        """
        config = self.settings_of(suffix, people)
        if shared and not self.shares_generator(config):
            raise InputError(
                f"{self.label} gives every person a generator copy; choose a method that shares one"
            )
        return config

    def settings_of(self, preset: str, people: int) -> ConfigDict:
        """Return the settings of a preset for a number of people.

        Args:
          preset: a key of `presets`.
          people: number of people to forget.

        Raises:
          InputError: for fewer than one person, or if the settings are another method's, which would run.
        """
        if people < 1:
            raise InputError(f"the number of people must be 1 or more, not {people}")
        config = self.presets[preset](people)
        if (method := config.get("method")) != self.name:
            raise InputError(
                f"preset {self.name}/{preset} has config.method {method!r}, not {self.name!r}; give "
                f"{type(self).__name__} a declaration and presets of its own"
            )
        return config

    def described(self, config: ConfigDict) -> str:
        """Return the name of the method as these settings have it; by default its label."""
        return self.label

    def advice(self, config: ConfigDict) -> Advice:
        """Return what to do where somebody is not forgotten."""
        raised = {"extrapolated": "distance", "interpolated": "share"}.get(config.target.kind)
        advice = Advice(f"raise config.target.{raised}" if raised else "choose another config.target.kind")
        if not config.pairs.num_adjacent:
            advice = advice._replace(elsewhere="raise config.pairs.num_adjacent")
        return advice

    def has_strength(self, config: ConfigDict) -> bool:
        """Return True if a finished generator's strength can be changed, see `evaluation.strength`."""
        return False

    def shares_generator(self, config: ConfigDict) -> bool:
        """Return True if one generator forgets all people, False if each person has a copy."""
        raise NotImplementedError

    def check(self, config: ConfigDict) -> None:
        """Refuse settings that contradict each other; each one is in its range already.

        Raises:
          InputError: with the name of the setting.
        """

    def check_files(self, config: ConfigDict, before: Before | None = None) -> None:
        """Refuse settings that name a file which cannot be read, or none where one is needed.

        Args:
          config: checked.
          before: what an earlier request left, which may take the place of a file.

        Raises:
          InputError: with the names of setting and file.
        """

    def check_generator(self, generator: Generator, config: ConfigDict) -> None:
        """Refuse a generator that the method cannot train with these settings.

        Raises:
          InputError: by default if it has adapters, which the file of a trained backbone could not hold.
        """
        if has_adapters(generator):
            raise InputError(
                f"{self.label} trains the backbone, and its file would not hold the adapter; leave --adapter "
                "out, or use --method legato"
            )

    def sampling(self, config: ConfigDict, model: GeneratorConfig, unit: float, people: int) -> PairSampling:
        """Return how the pairs of a step are drawn.

        Args:
          config: checked.
          model: sizes and cameras of the generator.
          unit: length of `config.unit` in latent space.
          people: number of people who share a generator copy.
        """
        raise NotImplementedError

    def trained_part(self, config: ConfigDict, model: GeneratorConfig) -> TrainedPart:
        """Return what is trained; by default the parameters of the synthesis backbone.

        Args:
          config: checked.
          model: sizes of the generator.

        Raises:
          InputError: if a setting does not suit the generator.
        """
        return BACKBONE

    def prepare(
        self,
        models: Models,
        ws: np.ndarray,
        config: ConfigDict,
        cache: Path | None,
        before: Before | None = None,
        mesh: Mesh | None = None,
        *,
        progress: bool = True,
    ) -> Prepared:
        """Compute what the steps need: targets, and what protects the parameters.

        Args:
          models: the source.
          ws: `[K, L, D]`, the people.
          config: checked.
          cache: a folder for results that took long; those that lie there are read, not computed again.
          before: what an earlier request left.
          mesh: devices that share the work; None uses one.
          progress: True shows bars.

        Raises:
          InputError: if a latent or a file cannot be used.
        """
        raise NotImplementedError

    def untrained(
        self, config: ConfigDict, model: GeneratorConfig, w_avg: jax.Array, trainable: Pytree
    ) -> tuple[Callable[[jax.Array], jax.Array] | None, ewc.Memory | None]:
        """Return surrogates and memory as `prepare` would, but untrained: a step takes as long with them.

        Args:
          config: checked.
          model: sizes of the generator.
          w_avg: its mean latent.
          trainable: its trained parameters.
        """
        return None, None

    def left_by(self, cache: Path, config: ConfigDict, generator: Generator) -> Before:
        """Return what a finished run leaves for the next request.

        Args:
          cache: the folder that `prepare` had.
          config: settings of the next request.
          generator: the one that the run made.
        """
        return Before(generator)

    def check_distance(self, config: ConfigDict) -> None:
        """Refuse settings that a sweep over distances cannot use.

        Raises:
          InputError: with the name of the setting.
        """
        if self.shares_generator(config):
            raise InputError(f"{self.label} has no distance to vary")
        raise InputError(
            f"--sweep-distance needs one generator for all people, and {self.label} gives everybody a copy; "
            "change config.target.distance in runs of their own"
        )

    def same_for_all_distances(
        self,
        models: Models,
        ws: np.ndarray,
        config: ConfigDict,
        cache: Path,
        mesh: Mesh | None,
        *,
        progress: bool,
    ) -> tuple[str, ...]:
        """Compute once what runs with different distances share.

        Args:
          models: see `prepare`, as for the others.
          ws: see `prepare`.
          config: see `prepare`.
          cache: the folder that results are kept in.
          mesh: see `prepare`.
          progress: see `prepare`.

        Returns:
          Names of the files in `cache` that `prepare` reads in the folder of each run.
        """
        return ()
