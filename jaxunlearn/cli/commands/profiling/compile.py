"""Run `jaxunlearn compile`: compile the step for devices that this machine need not have."""

import argparse

import jax

from jaxunlearn.cli.readers import set_by, step_of
from jaxunlearn.errors import DoesNotFit
from jaxunlearn.files.door import write_json
from jaxunlearn.files.paths import check_file
from jaxunlearn.methods.registry import method_of
from jaxunlearn.profiling.aot import topology
from jaxunlearn.profiling.aot.compilation import compile_step
from jaxunlearn.profiling.aot.executable_file import save_executable
from jaxunlearn.profiling.aot.report import lines
from jaxunlearn.profiling.measure import networks_of
from jaxunlearn.profiling.workload import PRESETS, Workload
from jaxunlearn.terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Compile and report.

    Raises:
      InputError: if there is no such topology or setting, or a file cannot be written.
      DoesNotFit: if a device has too little memory.
    """
    for file in (arguments.save, arguments.json):
        if file is not None:
            check_file(file)
    if arguments.topology != topology.HERE:
        jax.config.update("jax_platforms", "cpu")  # the compiler needs no TPU: JAX should not look for one
    jax.config.update("jax_enable_compilation_cache", False)  # the time that compiling takes is reported
    preset = PRESETS[arguments.preset]
    config, people = step_of(arguments, preset)
    set_by(config, "--dtype", arguments.dtype, "rendering.dtype", arguments.overrides)
    target = topology.find(arguments.topology)
    devices, shape = len(target.devices), arguments.mesh
    if shape is None and devices > 1:
        shape = (1, devices) if method_of(config).shares_generator(config) else (devices, 1)
    models = preset.outline()
    workload = Workload.of(models, config, people)
    copies = arguments.copies or (shape or (1, 1))[0]
    report, executable = compile_step(workload, target, shape, copies, networks_of(models))
    for line in lines(report, config):
        say(line)
    if arguments.json:
        write_json(arguments.json, report.to_json() | {"config": config.to_dict()})
    if executable is not None and arguments.save:
        save_executable(executable, arguments.save, platform=report.platform, device_kind=report.device_kind)
        say(f"{arguments.save}: {arguments.save.stat().st_size / 2**20:.1f} MiB")
    if not report.fits:
        raise DoesNotFit(
            f"does not fit {report.device_kind}: {report.needed / 2**30:.2f} GiB of "
            f"{report.available / 2**30:.2f} GiB; try --config.rendering.ray_chunk, --dtype bfloat16, fewer "
            "--copies for a device, or more devices along sample"
        )
