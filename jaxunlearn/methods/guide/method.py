"""GUIDE as a method: targets by a formula; a generator copy for each person, or one for many people."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.methods import ewc
from jaxunlearn.methods.base import Before, Method, Prepared
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.config.from_config import (
    check_formula_distance,
    drawing,
    formula_targets,
    many_sampling,
)
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.guide.presets import PRESETS
from jaxunlearn.methods.guide.settings import Guide, GuideOfMany
from jaxunlearn.methods.pairs import PairSampling
from jaxunlearn.methods.trained_part import BACKBONE
from jaxunlearn.models.loading import Models


class GuideMethod(Method):
    """See `Method`."""

    name = "guide"
    label = "GUIDE"
    presets = PRESETS

    def declaration(self, config: ConfigDict | None = None) -> type:
        """See `Method.declaration`."""
        return GuideOfMany if config is not None and self.shares_generator(config) else Guide

    def declarations(self) -> Mapping[str, type]:
        """See `Method.declarations`."""
        return {"guide": Guide, "guide of many": GuideOfMany}

    def preset(self, suffix: str, people: int, *, shared: bool = False) -> ConfigDict:
        """See `Method.preset`."""
        of_many = {"paper": "many", "heads": "many_heads"}
        return self.settings_of(of_many[suffix] if shared else suffix, people)

    def shares_generator(self, config: ConfigDict) -> bool:
        """See `Method.shares_generator`."""
        return bool(config.get("shared_generator"))

    def sampling(self, config: ConfigDict, model: GeneratorConfig, unit: float, people: int) -> PairSampling:
        """See `Method.sampling`."""
        if self.shares_generator(config):
            return many_sampling(config, model, unit, people, "shifted")
        return GuideSampling(**drawing(config, model, unit))

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
        memory = None if before is None else ewc.only_anchored(BACKBONE.trained(before.generator))
        return Prepared(formula_targets(models, ws, config), memory=memory)

    def check_distance(self, config: ConfigDict) -> None:
        """See `Method.check_distance`."""
        if not self.shares_generator(config):
            raise InputError(
                "--sweep-distance needs one generator for all people; add --shared, or change "
                "config.target.distance in runs of their own"
            )
        check_formula_distance(config)
