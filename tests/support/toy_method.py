"""A third method in one file: GUIDE's local pair alone, towards the mean face, named differently."""

import dataclasses

import numpy as np

from eg3d_flax import GeneratorConfig
from jaxunlearn.methods.base import Method, Prepared
from jaxunlearn.methods.config.common_settings import Common
from jaxunlearn.methods.config.declaration import ConfigDict, default_config, setting
from jaxunlearn.methods.config.from_config import drawing, formula_targets
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.pairs import PairSampling


@dataclasses.dataclass(frozen=True)
class Toy(Common):
    """Settings of the toy method."""

    method: str = setting("toy", "The method.", choices=("toy",))
    strength: float = setting(1.0, "A setting of its own.", least=0, most=2)


def _toy(people: int) -> ConfigDict:
    config = default_config(Toy)
    config.target.kind = "mean"
    config.pairs.num_adjacent = config.pairs.num_global = 0
    return config


class ToyMethod(Method):
    """See `Method`."""

    name = "toy"
    label = "Toy"
    presets = {"paper": _toy, "heads": _toy}  # noqa: RUF012

    def declaration(self, config: ConfigDict | None = None) -> type:
        """See `Method.declaration`."""
        return Toy

    def shares_generator(self, config: ConfigDict) -> bool:
        """See `Method.shares_generator`."""
        return False

    def sampling(self, config: ConfigDict, model: GeneratorConfig, unit: float, people: int) -> PairSampling:
        """See `Method.sampling`."""
        return GuideSampling(**drawing(config, model, unit))

    def prepare(
        self, models, ws: np.ndarray, config, cache, before=None, mesh=None, *, progress=True
    ) -> Prepared:
        """See `Method.prepare`."""
        return Prepared(formula_targets(models, ws, config))
