"""`jaxunlearn compile`: the step's program for devices that need not be here."""

import argparse
from typing import Any

from jaxunlearn.cli.options import MOST_COPIES, add_step, local_path, mesh_shape, step_of, whole
from jaxunlearn.terminal import say

_DESCRIPTION = """\
Compile the unlearning step for a TPU slice, which need not be here, or for this machine, and say what a
device needs: memory, operations, what devices exchange. No weights are made. Exit code 3 if it does not fit.

TPUs are compiled for by libtpu: pip install 'jaxunlearn[tpu]'.
"""
_EXAMPLES = """\
examples:
  jaxunlearn compile --topology v5e:1x1 --preset full --dtype bfloat16
  jaxunlearn compile --topology v5e:4x4 --preset full --dtype bfloat16 --copies 32
  jaxunlearn compile --topology v6e:8x8 --mesh 32x2 --config.pairs.num_global=3
  jaxunlearn compile --topology v5e:2x2 --preset full --method sugar --people 50 --dtype bfloat16
  jaxunlearn compile --topology here --json report.json
"""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "compile",
        help="compile the step for a TPU slice or for this machine; say what it needs",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--topology", default="here", metavar="NAME", help="here, or such as v5e:4x4, v5p:4x4x4 [%(default)s]"
    )
    add_step(parser)
    add(
        "--copies",
        type=whole(1, MOST_COPIES),
        metavar="K",
        help="generator copies [one for each device along identity]",
    )
    add(
        "--mesh",
        type=mesh_shape,
        metavar="IxS",
        help="devices along identity and along sample [all along identity; SUGAR: along sample]",
    )
    add("--dtype", choices=("float32", "bfloat16"), help="the same as --config.rendering.dtype=")
    add("--save", type=local_path, metavar="FILE", help="keep the executable")
    add("--json", type=local_path, metavar="FILE", help="write the report")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Compile and report.

    Raises:
      InputError: if there is no such topology or setting.
      DoesNotFit: if a device's memory does not hold it.
    """
    import jax

    from jaxunlearn.errors import DoesNotFit, InputError
    from jaxunlearn.files.door import write_json
    from jaxunlearn.methods.registry import method_of
    from jaxunlearn.profiling.aot import topology
    from jaxunlearn.profiling.aot.compilation import compile_step
    from jaxunlearn.profiling.aot.executable_file import save_executable
    from jaxunlearn.profiling.aot.report import lines
    from jaxunlearn.profiling.workload import PRESETS, Workload

    for file in (arguments.save, arguments.json):
        if file is not None and not file.parent.is_dir():
            raise InputError(f"{file}: cannot be written, the folder {file.parent} does not exist")
    if arguments.topology != topology.HERE:
        jax.config.update("jax_platforms", "cpu")  # the compiler needs no TPU: JAX should not look for one
    jax.config.update("jax_enable_compilation_cache", False)  # how long compiling takes is reported
    preset = PRESETS[arguments.preset]
    config, people = step_of(arguments, preset)
    if arguments.dtype:
        config.rendering.dtype = arguments.dtype
    found = topology.find(arguments.topology)
    devices = len(found.devices)
    shape = arguments.mesh or ((1, devices) if method_of(config).shares_generator(config) else (devices, 1))
    workload = Workload.of(preset.outline(), config, people)
    report, executable = compile_step(workload, found, shape, arguments.copies or shape[0])
    for line in lines(report, config):
        say(line)
    if arguments.json:
        settings = config.to_dict()
        write_json(arguments.json, report.to_json() | {"config": settings})
    if executable is not None and arguments.save:
        save_executable(executable, arguments.save, platform=report.platform, device_kind=report.device_kind)
        say(f"{arguments.save}: {arguments.save.stat().st_size / 2**20:.1f} MiB")
    if not report.fits:
        raise DoesNotFit(
            f"does not fit {report.device_kind}: {report.needed / 2**30:.2f} GiB of "
            f"{report.available / 2**30:.2f} GiB; try --config.rendering.ray_chunk, --dtype bfloat16, fewer "
            "--copies for a device, or more devices along sample"
        )
