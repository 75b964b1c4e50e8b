"""SUGAR as a method: learned surrogates, elastic weights, one generator for all people."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import open_file
from jaxunlearn.methods import ewc
from jaxunlearn.methods.adapters_part import AdaptersPart, adapters_of, check_times
from jaxunlearn.methods.base import Advice, Before, Method, Prepared
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.config.from_config import check_formula_distance, many_sampling
from jaxunlearn.methods.pairs import PairSampling
from jaxunlearn.methods.sugar import prepare
from jaxunlearn.methods.sugar.mappers.transformer import HEADS as ATTENTION_HEADS
from jaxunlearn.methods.sugar.presets import PRESETS
from jaxunlearn.methods.sugar.settings import MAPPERS, Sugar
from jaxunlearn.methods.trained_part import BACKBONE, TrainedPart
from jaxunlearn.models.adapters import has_adapters
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models

Pytree = Any


class SugarMethod(Method):
    """See `Method`."""

    name = "sugar"
    label = "SUGAR"
    presets = PRESETS

    def declaration(self, config: ConfigDict | None = None) -> type:
        """See `Method.declaration`."""
        return Sugar

    def described(self, config: ConfigDict) -> str:
        """See `Method.described`."""
        return f"{self.label} with adapters" if self.has_strength(config) else self.label

    def has_strength(self, config: ConfigDict) -> bool:
        """See `Method.has_strength`: that of adapters."""
        return config.adapters.trained

    def advice(self, config: ConfigDict) -> Advice:
        """See `Method.advice`."""
        advice = super().advice(config)
        if config.target.kind in MAPPERS:
            advice = advice._replace(too_near="raise config.target.distance or config.surrogates.identity")
        elif config.target.kind == "nearest":
            advice = advice._replace(too_near="lower config.surrogates.highest_similarity")
        protected = " or lower config.ewc.weight" if config.ewc.weight else ""
        return advice._replace(too_far=f"{advice.too_far}{protected}")

    def shares_generator(self, config: ConfigDict) -> bool:
        """See `Method.shares_generator`."""
        return True

    def check(self, config: ConfigDict) -> None:
        """See `Method.check`."""
        kind, pairs = config.target.kind, config.pairs
        has_function = kind in (*MAPPERS, "extrapolated")
        if pairs.adjacent_target == "surrogate" and pairs.num_adjacent and not has_function:
            raise InputError(
                f'config.pairs.adjacent_target is "surrogate", but config.target.kind {kind!r} says only '
                'what the people themselves become; choose "shifted"'
            )
        if kind == "mapper-transformer" and config.surrogates.width % ATTENTION_HEADS:
            raise InputError(
                f"config.surrogates.width must be a multiple of {ATTENTION_HEADS}, the transformer's "
                f"attention heads, not {config.surrogates.width}"
            )
        if config.target.distance == 0 and has_function:
            raise InputError(
                "config.target.distance is 0: everybody would become the mean face; choose another"
            )
        if config.ewc.output == "image" and config.ewc.fisher != "gauss-newton":
            raise InputError('config.ewc.output "image" needs config.ewc.fisher "gauss-newton"')
        check_times(config.adapters)

    def check_files(self, config: ConfigDict, before: Before | None = None) -> None:
        """See `Method.check_files`."""
        prepare.check_mapper(config, before)
        for section in ("surrogates", "ewc"):
            if file := config[section].file:
                _check_file(f"config.{section}.file", file)

    def check_generator(self, generator: Generator, config: ConfigDict) -> None:
        """See `Method.check_generator`; mapper and Fisher of a file must belong to the generator.

        Where adapters are trained, they may come after others.
        """
        if has_adapters(generator) and not config.adapters.trained:
            raise InputError(
                f"{self.label} trains the backbone, and its file would not hold the adapter; leave --adapter "
                "out, or train adapters: --config.adapters.trained=True"
            )
        prepare.check_given(generator, config, self.trained_part(config, generator.config))

    def trained_part(self, config: ConfigDict, model: GeneratorConfig) -> TrainedPart:
        """See `Method.trained_part`: the backbone, or adapters, without LEGATO's trajectory term."""
        return AdaptersPart(adapters_of(config.adapters, model)) if config.adapters.trained else BACKBONE

    def sampling(self, config: ConfigDict, model: GeneratorConfig, unit: float, people: int) -> PairSampling:
        """See `Method.sampling`."""
        return many_sampling(config, model, unit, people, config.pairs.adjacent_target)

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
        """See `Method.prepare`."""
        part = self.trained_part(config, models.generator.config)
        return prepare.prepare(models, ws, config, part, cache, before, mesh, progress)

    def untrained(
        self, config: ConfigDict, model: GeneratorConfig, w_avg: jax.Array, trainable: Pytree
    ) -> tuple[Callable[[jax.Array], jax.Array] | None, ewc.Memory | None]:
        """See `Method.untrained`."""
        return prepare.untrained(config, model, w_avg, trainable)

    def left_by(self, cache: Path, config: ConfigDict, generator: Generator) -> Before:
        """See `Method.left_by`."""
        return prepare.left_by(cache, config, self.trained_part(config, generator.config), generator)

    def check_distance(self, config: ConfigDict) -> None:
        """See `Method.check_distance`; the mapper that all distances share must be trained, too."""
        if config.target.kind not in MAPPERS:
            check_formula_distance(config)
        prepare.check_mapper(config, None)

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
        """See `Method.same_for_all_distances`: one mapper serves all distances."""
        if config.target.kind not in MAPPERS:
            return ()
        mapper = cache / prepare.MAPPER_FILE
        prepare.trained_mapper(models, ws, config, mapper, mesh=mesh, progress=progress)
        return (mapper.name,)


def _check_file(setting: str, file: str) -> None:
    try:
        open_file(file).close()
    except InputError as error:
        raise InputError(f"{setting} {error}") from error
