"""Define the cases to measure: a preset with settings; sweeps make many cases of one."""

import collections
import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

import ml_collections

from eg3d_flax.compute import DilationForm, FilterForm, LookupForm, ModulationForm
from jaxunlearn.errors import InputError
from jaxunlearn.mesh_shapes import parse_mesh_shape
from jaxunlearn.methods.config.check_config import check
from jaxunlearn.methods.config.declaration import ConfigDict, flat
from jaxunlearn.methods.registry import DEFAULT, method_of
from jaxunlearn.profiling.devices import PRECISIONS
from jaxunlearn.profiling.workload import PRESETS

DEFAULT_STEPS, DEFAULT_WARM_UP = 30, 3
_MOST = 2**24
"""Largest value of a sweep: the largest number of rays at a time that the settings allow."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One measurement.

    Attributes:
      preset: name in `workload.PRESETS`.
      config: settings of a method, as plain JSON values.
      copies: generator copies, `K`.
      people: people that share a copy, `N`; 1 in GUIDE.
      mesh: devices along "identity" and "sample"; None for one device.
      precision: of float32 matrix products, one of `devices.PRECISIONS`.
      steps, warm_up: number of timed steps, and of steps before them.
      parts: True times each part of a step, too.
      profile: True traces a few steps, and adds up the times of all operations by part.
      forms: fields of `Compute` that replace the platform's.
    """

    preset: str
    config: dict[str, Any]
    copies: int = 1
    people: int = 1
    mesh: tuple[int, int] | None = None
    precision: str = "default"
    steps: int = DEFAULT_STEPS
    warm_up: int = DEFAULT_WARM_UP
    parts: bool = False
    profile: bool = False
    forms: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def settings(self) -> ConfigDict:
        """The settings as a config."""
        return ml_collections.ConfigDict(self.config)

    @property
    def pairs(self) -> int:
        """Pairs of one copy in a step."""
        settings = self.config["pairs"]
        people = min(settings.get("batch", 1), self.people)
        return people * (1 + settings["num_adjacent"]) + settings["num_global"]

    @property
    def name(self) -> str:
        """Name made of the settings that differ between cases; `--compare` matches cases by it.

        Kinds of pairs and rays along a side are named where the preset has others. A profiled case has a name
        of its own: it is measured with other flags of XLA, and must not replace the figures without them.
        """
        rendering = self.config["rendering"]
        mesh = "1 device" if self.mesh is None else f"{self.mesh[0]}x{self.mesh[1]} devices"
        kept = " and features kept" if rendering.get("keep_features") else ""
        fused = ", fused points" if rendering.get("fused") else ""
        rays = f"{rendering['ray_chunk'] or 'all'} rays at a time{kept}{fused}"
        at_once = self.config["copies_at_once"]
        groups = f" in groups of {at_once}" if at_once else ""
        forms = "".join(f", {name} {value}" for name, value in self.forms.items())
        method = method_of(self.settings)
        described = method.described(self.settings)
        label = "" if method.name == DEFAULT else f", {described}"
        many = f", {described} of {self.people}" if method.shares_generator(self.settings) else label
        kinds, side = self._unlike_the_preset()
        return (
            f"{self.preset}{many}, K {self.copies}{groups}, {self.pairs} pairs{kinds}, {mesh}, "
            f"{rendering['dtype']}, precision {self.precision}, {rays}{side}{forms}"
            f"{', profiled' if self.profile else ''}"
        )

    def _unlike_the_preset(self) -> tuple[str, str]:
        """Return the kinds of pairs and the rays along a side for the name; "" for those of the preset."""
        usual = PRESETS[self.preset].config(self.config["method"], self.people)
        adjacent, others = (self.config["pairs"][key] for key in ("num_adjacent", "num_global"))
        usual_kinds = (adjacent, others) == (usual.pairs.num_adjacent, usual.pairs.num_global)
        rays = self.config["rendering"]["rays"]
        kinds = "" if usual_kinds else f" ({adjacent} adjacent, {others} global)"
        side = f", {rays} rays a side" if rays else ", rays as trained"
        return kinds, "" if rays == usual.rendering.rays else side

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Case":
        """Return the case of `to_json`."""
        mesh = fields["mesh"]
        return cls(**{**fields, "mesh": None if mesh is None else (mesh[0], mesh[1])})


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_MOST)) or int(text) > _MOST:
        raise ValueError(f"a whole number up to {_MOST}")
    return int(text)


def _positive(text: str) -> int:
    if not _number(text):
        raise ValueError("at least 1")
    return int(text)


def _mesh(text: str) -> tuple[int, int]:
    shape = parse_mesh_shape(text)
    if math.prod(shape) > _MOST:
        raise ValueError(f"a mesh of at most {_MOST} devices")
    return shape


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return text

    return read


def _pairs(text: str) -> dict[str, int]:
    others = _positive(text) - 1
    return {"pairs.num_adjacent": (others + 1) // 2, "pairs.num_global": others // 2}


_CASE_SWEEPS: Mapping[str, Callable[[str], Any]] = {
    "copies": _positive,
    "mesh": _mesh,
    "precision": _one_of(*PRECISIONS),
}
_CONFIG_SWEEPS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "pairs": _pairs,
    "adjacent": lambda text: {"pairs.num_adjacent": _number(text)},
    "global": lambda text: {"pairs.num_global": _number(text)},
    "dtype": lambda text: {"rendering.dtype": _one_of("float32", "bfloat16")(text)},
    "ray_chunk": lambda text: {"rendering.ray_chunk": _number(text)},
    "keep_features": lambda text: {"rendering.keep_features": bool(_number(text))},
    "fused": lambda text: {"rendering.fused": bool(_number(text))},
    "copies_at_once": lambda text: {"copies_at_once": _number(text)},
    "rays": lambda text: {"rendering.rays": _number(text)},
}
_FORM_SWEEPS: Mapping[str, Callable[[str], Any]] = {
    "modulation": _one_of(*get_args(ModulationForm)),
    "dilation": _one_of(*get_args(DilationForm)),
    "filtering": _one_of(*get_args(FilterForm)),
    "lookup": _one_of(*get_args(LookupForm)),
    "compared": _number,
}
_SWEEPS = {"people": _positive, **_CASE_SWEEPS, **_CONFIG_SWEEPS, **_FORM_SWEEPS}
SWEEPS = tuple(_SWEEPS)
"""Names for `--sweep`."""


def swept(case_of: Callable[[int | None], Case], sweeps: Sequence[str]) -> list[Case]:
    """Make a case for each combination of values.

    Args:
      case_of: function from a number of people who share a copy to the case that gives all other settings;
        None where this number is not swept.
      sweeps: such as `copies=1,2,4`.

    Raises:
      InputError: if a name is unknown, a value is invalid, or two cases have one name.
    """
    axes = [[(name, value) for value in values] for name, values in map(_parsed, sweeps)]
    names = [axis[0][0] for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"--sweep {name} is given twice; list all values in one: {name}=1,2")
    case_of = functools.cache(case_of)
    cases = [_changed(case_of, combination) for combination in itertools.product(*axes)]
    for name, count in collections.Counter(case.name for case in cases).items():
        if count > 1:
            raise InputError(f"--sweep: {count} cases are called {name!r}; give each value once")
    return cases


def _parsed(text: str) -> tuple[str, list[str]]:
    name, equals, values = text.partition("=")
    if name not in SWEEPS or not equals:
        raise InputError(f"--sweep {text}: write NAME=VALUE,VALUE; the names are {', '.join(SWEEPS)}")
    return name, values.split(",")


def _changed(case_of: Callable[[int | None], Case], changes: Sequence[tuple[str, str]]) -> Case:
    values = {name: _value(name, text) for name, text in changes}
    case = case_of(values.pop("people", None))
    config = case.settings.copy_and_resolve_references()
    fields: dict[str, Any] = {"forms": dict(case.forms)}
    for name, value in values.items():
        if name in _CASE_SWEEPS:
            fields[name] = value
        elif name in _FORM_SWEEPS:
            fields["forms"][name] = value
        else:
            config.update_from_flattened_dict(value)
    assert flat(config).keys() == flat(case.settings).keys()
    check(config)
    return dataclasses.replace(case, config=config.to_dict(), **fields)


def _value(name: str, text: str) -> Any:
    try:
        return _SWEEPS[name](text)
    except ValueError as error:
        raise InputError(f"--sweep {name}: {text!r} is not {error}") from error
