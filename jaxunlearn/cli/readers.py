"""What the shared options of `argument_groups` stand for: models, meshes, settings."""

import argparse
from collections.abc import Sequence
from typing import Any

from absl import flags
from jax.sharding import Mesh
from ml_collections import config_flags

from jaxunlearn.cli.argument_groups import CONFIG_PREFIX, SHARED_PEOPLE
from jaxunlearn.cli.config_files import load_config
from jaxunlearn.errors import InputError, first_line, shortened
from jaxunlearn.files.paths import check_writable
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.config.declaration import ConfigDict, did_you_mean, flat
from jaxunlearn.methods.registry import DEFAULT, method_of
from jaxunlearn.models import loading
from jaxunlearn.photos.inversion.choice import Inverting
from jaxunlearn.process import multihost
from jaxunlearn.profiling.workload import Preset
from jaxunlearn.sharding import make_mesh
from jaxunlearn.training.result import Result, check_finished, finished
from jaxunlearn.training.storage.networks_of_run import check_models, check_networks, models_again
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.workflows.batch_dir import WorklistFolder


def models_of(arguments: argparse.Namespace) -> loading.Models:
    """Load the models of `add_models`; the bundled generator if no other one is given.

    Raises:
      InputError: if a name is unknown, or a file cannot be used.
    """
    return loading.load_models(
        arguments.model or "heads",
        judge=arguments.judge,
        adapters=arguments.adapter,
        **network_files_of(arguments),
    )


def network_files_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the files of `add_networks` that were given, by the arguments of `load_models`."""
    given = {name: getattr(arguments, name) for name in ("perceptual", "identity", "w_avg")}
    return {name: str(path) for name, path in given.items() if path is not None}


def options_of_models(arguments: argparse.Namespace) -> list[str]:
    """Return the options of `add_models` with which another command loads the same models."""
    given = {
        "--model": [arguments.model] if arguments.model != "heads" else [],
        "--adapter": arguments.adapter,
        "--perceptual": [arguments.perceptual] if arguments.perceptual else [],
        "--identity": [arguments.identity] if arguments.identity else [],
        "--w-avg": [str(arguments.w_avg)] if arguments.w_avg else [],
        "--judge": arguments.judge,
    }
    return [word for option, values in given.items() for value in values for word in (option, value)]


def inverting_of(arguments: argparse.Namespace) -> Inverting:
    """Return how photos are inverted by the options of `add_inversion`."""
    return Inverting(
        method=arguments.inversion, encoder=arguments.encoder, encoder_input=arguments.encoder_input
    )


def join(arguments: argparse.Namespace) -> None:
    """Become one of several processes, if the options ask for it; before JAX is used for anything else.

    Raises:
      InputError: if the other processes are not found.
    """
    where = (arguments.coordinator, arguments.processes, arguments.process)
    if arguments.distributed or any(value is not None for value in where):
        multihost.start(*where, wait=arguments.wait or multihost.WAIT)


def mesh_of(arguments: argparse.Namespace) -> Mesh | None:
    """Return the mesh of `--mesh`; None for one device.

    Raises:
      InputError: if there are not enough devices.
    """
    return None if arguments.mesh is None else make_mesh(*arguments.mesh)


def devices_of(arguments: argparse.Namespace) -> Mesh | None:
    """Return the mesh of `--devices`, which share rows; None for one device.

    Raises:
      InputError: if there are not enough devices.
    """
    return make_mesh(1, arguments.devices) if arguments.devices > 1 else None


def read_config(path: str | None, overrides: Sequence[str], default: ConfigDict) -> ConfigDict:
    """Return the settings of a command.

    Args:
      path: value of `--config`.
      overrides: texts of the form `--config.steps=20`.
      default: the settings if no path is given.

    Raises:
      InputError: if there is no such file or setting, the file fails, a value has another type, or a text
        changes `shared_generator`.
    """
    config = default if path is None else load_config(path)
    known = flat(config)
    for text in overrides:
        name = text.removeprefix(CONFIG_PREFIX).partition("=")[0]
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
    changed: ConfigDict = own["config"].value
    if changed.get("shared_generator") != known.get("shared_generator"):
        raise InputError(
            f"{CONFIG_PREFIX}shared_generator: other settings go with each of its values; leave it out (for "
            "unlearn give --shared, or choose another --preset or --config)"
        )
    return changed


def set_by(config: ConfigDict, option: str, value: Any, name: str, overrides: Sequence[str]) -> None:
    """Set a setting by the option that is short for it, if that is given.

    Raises:
      InputError: if the setting is among `overrides`, too.
    """
    if value is None:
        return
    if any(text.partition("=")[0] == f"{CONFIG_PREFIX}{name}" for text in overrides):
        raise InputError(f"{option} and {CONFIG_PREFIX}{name} are the same setting; leave one out")
    config.update_from_flattened_dict({name: value})


def _cut(overrides: Sequence[str]) -> str:
    return shortened(" ".join(shortened(text) for text in overrides), 400)


def refuse_other_method(arguments: argparse.Namespace, config: ConfigDict) -> None:
    """Refuse a `--config` or `--preset` that belongs to another method than `--method`.

    Raises:
      InputError: naming both.
    """
    if arguments.method not in (None, config.method):
        given = arguments.config or arguments.preset
        raise InputError(
            f"--method {arguments.method}: {given} is a config of {config.method}; leave one out"
        )


def step_of(
    arguments: argparse.Namespace, preset: Preset, people: int | None = None
) -> tuple[ConfigDict, int]:
    """Return the settings of `add_step`, and the number of people who share a generator copy.

    Args:
      arguments: those of the command.
      preset: gives the settings that nobody changed.
      people: a number in place of that of `--people`.

    Raises:
      InputError: if a setting is invalid, or settings contradict each other.
    """
    asked = people or arguments.people
    default = preset.config(arguments.method or DEFAULT, asked or SHARED_PEOPLE)
    config = read_config(arguments.config, arguments.overrides, default)
    check_config.check(config)
    refuse_other_method(arguments, config)
    method = method_of(config)
    if not method.shares_generator(config):
        if asked is not None:
            raise InputError(
                f"--people: {method.label} gives every person a generator copy of their own; use --copies"
            )
        return config, 1
    return config, asked or SHARED_PEOPLE


def read_run(arguments: argparse.Namespace) -> tuple[Result, ConfigDict, loading.Models]:
    """Read the finished run of `add_run`, with its config and its models, to add files to its folder.

    Raises:
      InputError: if the folder is not that of a finished run or cannot be written, a setting cannot be used,
        or the source generator or a network of the loss is another one.
    """
    folder = RunFolder(arguments.folder)
    check_finished(folder)
    check_writable(folder.path)
    config = read_config(arguments.config, arguments.overrides, folder.config)
    check_config.check(config)
    result, models = result_of_run(arguments, folder)
    return result, config, models


def result_of_run(arguments: argparse.Namespace, folder: RunFolder) -> tuple[Result, loading.Models]:
    """Read a finished run and load its models, files that have moved from the options of a command.

    Raises:
      InputError: if the source generator or a network of the loss is another one.
    """
    models = _models_again(arguments, folder)
    result = finished(folder, models.generator)
    check_models(models, folder)
    return result, models


def read_worklist(arguments: argparse.Namespace) -> tuple[WorklistFolder, ConfigDict, loading.Models]:
    """Read the work list of `add_run`, with its config and its models.

    Raises:
      InputError: if a setting cannot be used, or the source generator is another one.
    """
    folder = WorklistFolder(arguments.folder)
    config = read_config(arguments.config, arguments.overrides, folder.config)
    check_config.check(config)
    models = _models_again(arguments, folder)
    check_networks(models, folder)
    return folder, config, models


def _models_again(arguments: argparse.Namespace, folder: RunFolder | WorklistFolder) -> loading.Models:
    """Load the models of a folder, files that have moved from the options of a command."""
    return models_again(
        folder,
        model=arguments.model,
        adapters=arguments.adapter,
        judge=arguments.judge,
        network_files=network_files_of(arguments),
    )
