"""Types of command-line arguments that several subcommands share.

Numbers have limits far above what anybody needs, so that a slip of the keyboard is refused in one line and
does not fill the memory.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jaxunlearn.errors import InputError, first_line, shortened
from jaxunlearn.methods.registry import DEFAULT, METHODS

if TYPE_CHECKING:
    from jax.sharding import Mesh

    from jaxunlearn.methods.settings import ConfigDict
    from jaxunlearn.models.loading import Models
    from jaxunlearn.profiling.workload import Preset


MOST_SEEDS = 10_000
"""People that one option may name."""
LARGEST_SEED = 2**32 - 1
MOST_STEPS = 10**7
MOST_COPIES = 1024
MOST_BATCH = 1024
MOST_DEVICES = 2**16
_MOST_DIGITS = 40
"""Of a number: Python takes long to read very long ones, and messages show them."""


def whole(least: int, most: int) -> Callable[[str], int]:
    """The type of whole numbers between two limits, both included."""

    def read(text: str) -> int:
        try:
            number = int(text) if len(text) <= _MOST_DIGITS else None
        except ValueError:
            number = None
        if number is None or not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is not a whole number from {least} to {most}")
        return number

    return read


def real(least: float, most: float) -> Callable[[str], float]:
    """The type of numbers between two limits, both included; never NaN or infinity."""

    def read(text: str) -> float:
        number = _real(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is not a number from {least:g} to {most:g}")
        return number

    return read


def not_negative(text: str) -> float:
    """A number of at least 0, up to a million."""
    return real(0, 1e6)(text)


def seeds(text: str) -> list[int]:
    """Seeds such as `0-3,7` → [0, 1, 2, 3, 7]; limited in number, so that a range is safe to write out."""
    spans: list[range] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        ends = [_decimal(end) for end in ((first, last) if dash else (first, first))]
        if None in ends:
            raise argparse.ArgumentTypeError(f"{_shown(text)} is not a list of seeds such as 0-3,7")
        begin, end = (end for end in ends if end is not None)
        if max(begin, end) > LARGEST_SEED:
            raise argparse.ArgumentTypeError(f"{_shown(text)}: seeds lie between 0 and {LARGEST_SEED}")
        if end < begin:
            raise argparse.ArgumentTypeError(
                f"{_shown(text)}: {begin}-{end} holds no seed; write {end}-{begin}"
            )
        spans.append(range(begin, end + 1))
    count = sum(map(len, spans))
    if count > MOST_SEEDS:
        raise argparse.ArgumentTypeError(f"{_shown(text)}: are {count} people; give at most {MOST_SEEDS}")
    return [seed for span in spans for seed in span]


def seed(text: str) -> int:
    """One seed."""
    found = seeds(text)
    if len(found) > 1:
        raise argparse.ArgumentTypeError(f"{_shown(text)} is more than one seed")
    return found[0]


def numbers(text: str) -> list[float]:
    """Numbers such as `-5,5,10.5`, at most a hundred, each up to a million."""
    found = [_real(part) for part in text.split(",")] if text.count(",") < 100 else []
    if not found or not all(abs(number) <= 1e6 for number in found):
        raise argparse.ArgumentTypeError(f"{_shown(text)} is not a list of numbers such as -5,5,10")
    return found


def mesh_shape(text: str) -> tuple[int, int]:
    """Devices along "identity" and along "sample", such as `4x2` → (4, 2)."""
    from jaxunlearn.sharding import parse_mesh_shape

    try:
        shape = parse_mesh_shape(text) if len(text) <= _MOST_DIGITS else (MOST_DEVICES, MOST_DEVICES)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{_shown(text)} is not {error}") from error
    if math.prod(shape) > MOST_DEVICES:
        raise argparse.ArgumentTypeError(f"{_shown(text)}: has more than {MOST_DEVICES} devices")
    return shape


def local_path(text: str) -> Path:
    """A path on this machine; an address such as gs://bucket/name is refused by name."""
    return Path(name_or_path(text))


def name_or_path(text: str) -> str:
    """The name of a network or of photos, or a path; an address such as gs://bucket/name is refused."""
    from jaxunlearn.files import door  # not at the top: --help must not wait for jax

    if not text:
        raise argparse.ArgumentTypeError("an empty text names no file")
    try:
        door.local_path(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _real(text: str) -> float:
    """A number; NaN, which lies between no limits, for what is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _decimal(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _shown(text: str) -> str:
    """A text for a message, quoted and cut to length."""
    return repr(shortened(text))


def add_inversion(parser: argparse.ArgumentParser, option: str) -> None:
    """Options for `inversion_methods`; `option` is what the choice of the method is called."""
    add = parser.add_argument
    add(
        option,
        choices=("encoder", "optimize", "hybrid"),
        help="how photos become latents: by one pass of an encoder, by a search, or by a search that starts "
        "from the encoder's latents [hybrid with an encoder, else optimize]",
    )
    add("--encoder", type=name_or_path, metavar="FILE", help="encoder [as suits the model]")
    add(
        "--encoder-input",
        choices=("crop", "file"),
        default="crop",
        help="what the encoder is shown: the crop at the model's resolution, or the whole file, squeezed to "
        "the encoder's 256² as by the official scripts' image_to_tensor [%(default)s]",
    )


def add_models(parser: argparse.ArgumentParser) -> None:
    """Options for `models.load_models`."""
    add = parser.add_argument
    add("--model", type=name_or_path, default="heads", help="a file; heads: the bundled people [%(default)s]")
    add(
        "--perceptual",
        type=name_or_path,
        metavar="FILE",
        help="LPIPS of the loss: alex, or a file [as suits the model]",
    )
    add(
        "--identity",
        type=name_or_path,
        metavar="FILE",
        help="identity network of the loss [as suits the model]",
    )
    add(
        "--judge",
        type=name_or_path,
        metavar="FILE",
        help="identity network that measures [as suits the model]",
    )


def models_of(arguments: argparse.Namespace, w_avg: Path | None = None) -> "Models":
    """What the options of `add_models` name; `w_avg` is a file with the mean latent.

    Raises:
      InputError: if a name or a file given is no such thing.
    """
    from jaxunlearn.models.loading import load_models

    return load_models(
        arguments.model,
        perceptual=arguments.perceptual,
        identity=arguments.identity,
        judge=arguments.judge,
        w_avg=w_avg,
    )


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Options for `mesh_of` and `join`."""
    add = parser.add_argument
    add(
        "--mesh",
        type=mesh_shape,
        metavar="IxS",
        help="devices for generator copies x devices for the pairs of a step, such as 4x2 [one device]",
    )
    hosts = parser.add_argument_group(
        "several hosts", "the same command on each; on TPU pods and under SLURM --distributed alone is enough"
    )
    hosts.add_argument("--distributed", action="store_true", help="find the other processes")
    hosts.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 is")
    hosts.add_argument("--processes", type=whole(1, MOST_DEVICES), metavar="N", help="how many there are")
    hosts.add_argument(
        "--process", type=whole(0, MOST_DEVICES - 1), metavar="K", help="which this one is, from 0"
    )
    hosts.add_argument(
        "--wait", type=whole(1, 86_400), metavar="SECONDS", help="until all of them must have come [300]"
    )


def join(arguments: argparse.Namespace) -> None:
    """Become one of several processes, where that is asked for; before anything else is done with JAX.

    Raises:
      InputError: if the others are not found.
    """
    from jaxunlearn.process import multihost

    where = (arguments.coordinator, arguments.processes, arguments.process)
    if arguments.distributed or any(value is not None for value in where):
        multihost.start(*where, wait=arguments.wait or multihost.WAIT)


def mesh_of(arguments: argparse.Namespace) -> "Mesh | None":
    """The mesh that is asked for; None for one device.

    Raises:
      InputError: if there are not as many devices.
    """
    from jaxunlearn.sharding import make_mesh

    return None if arguments.mesh is None else make_mesh(*arguments.mesh)


PREFIX = "--config."


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`; overrides are what the parser leaves over."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a Python file with get_config(), such as those in configs/: it is a program, and it is run. "
        "FILE:ARGUMENT passes an argument. --config.KEY=VALUE changes single settings",
    )


def read_config(path: str | None, overrides: Sequence[str], default: "ConfigDict") -> "ConfigDict":
    """The settings of a command.

    Args:
      path: of `--config`.
      overrides: of the form `--config.steps=20`.
      default: where no path is given.

    Raises:
      InputError: if there is no such file or setting, the file fails, or a value is of another type.
    """
    from absl import flags
    from ml_collections import config_flags

    from jaxunlearn.methods.config_files import load_config
    from jaxunlearn.methods.settings import did_you_mean, flat

    config = default if path is None else load_config(path)
    known = flat(config)
    for text in overrides:
        name = text.removeprefix(PREFIX).partition("=")[0]
        if name not in known:
            raise InputError(f"unknown setting config.{shortened(name)}{did_you_mean(name, known)}")
    own = flags.FlagValues()
    command_line = ["jaxunlearn", *overrides]
    try:
        config_flags.DEFINE_config_dict("config", config, flag_values=own, sys_argv=command_line)
        own(command_line)
    except (AttributeError, KeyError) as error:
        raise InputError(
            f"{_cut(overrides)}: no such setting ({shortened(first_line(error), 200)})"
        ) from error
    except (flags.Error, TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{_cut(overrides)}: {shortened(first_line(error), 200)}") from error
    return own["config"].value


def _cut(overrides: Sequence[str]) -> str:
    return shortened(" ".join(shortened(text) for text in overrides), 400)


def refuse_other_method(arguments: argparse.Namespace, config: "ConfigDict") -> None:
    """Refuse a `--config` of another method than `--method`.

    Raises:
      InputError: naming both.
    """
    if arguments.method not in (None, config.method):
        raise InputError(
            f"--method {arguments.method}: {arguments.config} is a config of {config.method}; leave one out"
        )


_PEOPLE = 10
"""Of SUGAR, where no number is given."""


def add_step(parser: argparse.ArgumentParser) -> None:
    """Options for `step_of`."""
    add = parser.add_argument
    add(
        "--preset",
        choices=("heads", "full"),
        default="heads",
        help="heads: the bundled 64² model; full: EG3D's 512² with random weights [%(default)s]",
    )
    add("--method", choices=tuple(METHODS), help=f"whose step [{DEFAULT}]")
    add(
        "--people",
        type=whole(1, MOST_SEEDS),
        metavar="N",
        help=f"people who share a generator, where the method has it so [{_PEOPLE}]",
    )
    add_config(parser)


def step_of(arguments: argparse.Namespace, preset: "Preset") -> "tuple[ConfigDict, int]":
    """Settings, and the people who share a generator copy.

    Raises:
      InputError: if settings make no sense, or contradict each other.
    """
    from jaxunlearn.methods.configuration import check
    from jaxunlearn.methods.registry import method_of

    default = preset.config(arguments.method or DEFAULT, arguments.people or _PEOPLE)
    config = read_config(arguments.config, arguments.overrides, default)
    check(config)
    refuse_other_method(arguments, config)
    method = method_of(config)
    if not method.shares_generator(config):
        if arguments.people is not None:
            raise InputError(f"--people: {method.label} has a generator copy for everybody; say --copies")
        return config, 1
    return config, arguments.people or _PEOPLE
