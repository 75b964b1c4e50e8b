"""One process of several: `several_processes.py FOLDER COORDINATOR PROCESSES PROCESS DEVICES MESH`."""

import sys
from pathlib import Path

import jax

from jaxunlearn import distributed, presets
from jaxunlearn.mesh import make_mesh
from jaxunlearn.runner import unlearn
from tiny_models import tiny_models, tiny_people


def main() -> None:
    folder, coordinator, processes, process, devices, mesh = sys.argv[1:]
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_default_matmul_precision", "highest")
    jax.config.update("jax_num_cpu_devices", int(devices))
    if int(processes) > 1:
        distributed.start(coordinator, int(processes), int(process))
    config = presets.heads()
    config.update(steps=3, log_every=1, images_every=2, checkpoint_every=2)
    config.optimiser.update(learning_rate=1e-3, schedule="constant")
    identity, sample = (int(size) for size in mesh.split("x"))
    unlearn(tiny_models(), tiny_people(3), config, make_mesh(identity, sample), Path(folder), progress=False)


main()
