"""LEGATO as a method: GUIDE's targets and pairs; adapters for each person instead of a generator copy."""

from pathlib import Path

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.methods.adapters_part import AdaptersPart, adapters_of, check_times
from jaxunlearn.methods.base import Before, Method, Prepared
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.config.from_config import drawing, formula_targets
from jaxunlearn.methods.legato.pairs import LegatoSampling
from jaxunlearn.methods.legato.presets import PRESETS
from jaxunlearn.methods.legato.settings import Legato
from jaxunlearn.methods.pairs import PairSampling
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.loading import Models


class LegatoMethod(Method):
    """See `Method`."""

    name = "legato"
    label = "LEGATO"
    presets = PRESETS

    def declaration(self, config: ConfigDict | None = None) -> type:
        """See `Method.declaration`."""
        return Legato

    def has_strength(self, config: ConfigDict) -> bool:
        """See `Method.has_strength`."""
        return True

    def shares_generator(self, config: ConfigDict) -> bool:
        """See `Method.shares_generator`."""
        return False

    def check(self, config: ConfigDict) -> None:
        """See `Method.check`."""
        check_times(config.adapters)

    def check_generator(self, generator: Generator, config: ConfigDict) -> None:
        """See `Method.check_generator`; the blocks that settings name must exist."""
        self.trained_part(config, generator.config)

    def sampling(self, config: ConfigDict, model: GeneratorConfig, unit: float, people: int) -> PairSampling:
        """See `Method.sampling`."""
        return LegatoSampling(
            trajectory=config.trajectory.weight,
            last_increment=config.trajectory.last_increment,
            **drawing(config, model, unit),
        )

    def trained_part(self, config: ConfigDict, model: GeneratorConfig) -> AdaptersPart:
        """See `Method.trained_part`."""
        adapters = adapters_of(config.adapters, model)
        watched = f"b{config.trajectory.resolution or model.plane_resolution // 2}"
        if watched not in adapters.applied:
            raise InputError(
                f"config.trajectory.resolution is {config.trajectory.resolution}, but adapters act at "
                f"{', '.join(block[1:] for block in adapters.applied)}; choose one of these, or 0"
            )
        return AdaptersPart(adapters, watched)

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
        return Prepared(formula_targets(models, ws, config))
