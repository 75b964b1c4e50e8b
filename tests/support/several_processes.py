"""One process of several.

`python -m tests.support.several_processes KIND FOLDER COORDINATOR PROCESSES PROCESS DEVICES MESH`

KIND: "guide" and "sugar" are a run of three people, "worklist" a work list of them.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from jaxunlearn.mesh_shapes import parse_mesh_shape
from jaxunlearn.methods.guide import presets
from jaxunlearn.process import multihost
from jaxunlearn.sharding import make_mesh
from jaxunlearn.training.unlearn import unlearn
from jaxunlearn.workflows.batch import unlearn_all
from jaxunlearn.workflows.batch_dir import Worklist
from tests.support.tiny_models import tiny_models, tiny_people
from tests.support.tiny_sugar import tiny_sugar


def main() -> None:
    kind, folder, coordinator, processes, process, devices, shape = sys.argv[1:]
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_default_matmul_precision", "highest")
    jax.config.update("jax_num_cpu_devices", int(devices))
    if int(processes) > 1:
        multihost.start(coordinator, int(processes), int(process))
    mesh = make_mesh(*parse_mesh_shape(shape))
    people = tiny_people(3)
    config = tiny_sugar() if kind == "sugar" else presets.heads()
    config.update(steps=3, log_every=1, images_every=0 if kind == "sugar" else 2, checkpoint_every=2)
    config.optimiser.update(learning_rate=1e-3, schedule="constant")
    if kind != "worklist":
        unlearn(tiny_models(), people, config, workdir=Path(folder), mesh=mesh, progress=False)
        return

    def latents(some: Sequence[int]) -> np.ndarray:
        with Path(f"{folder}.asked{process}").open("a") as file:
            file.write(f"{list(some)}\n")
        return people[list(some)]

    names = ("ada", "bea", "cleo")
    unlearn_all(
        tiny_models(), Worklist(names, latents), config, Path(folder), parallel=3, mesh=mesh, progress=False
    )


if __name__ == "__main__":
    main()
