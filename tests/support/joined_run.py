"""A run of one small person in one of several processes, as the command would make it.

`python -m tests.support.joined_run FOLDER STEPS SEED COORDINATOR PROCESSES PROCESS [BYTES]`

A file of this process may have at most BYTES bytes.
"""

import argparse
import sys
from pathlib import Path

from jaxunlearn.process import signals, supervision


def run(_: object = None) -> None:
    import jax

    from jaxunlearn.process import multihost
    from jaxunlearn.sharding import make_mesh
    from jaxunlearn.training.unlearn import unlearn
    from tests.support.crashing_run import limit_files, settings
    from tests.support.tiny_models import tiny_models, tiny_people

    folder, steps, seed, coordinator, processes, process, *limit = sys.argv[1:]
    if limit:
        jax.config.update("jax_enable_compilation_cache", False)  # it would keep the beginnings of programs
        limit_files(int(limit[0]))
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", 1)
    multihost.start(coordinator, int(processes), int(process), wait=120)
    config = settings(int(steps))
    config.seed = int(seed)
    mesh = make_mesh(1, int(processes))
    unlearn(tiny_models(), tiny_people(1), config, workdir=Path(folder), mesh=mesh, progress=False)


if __name__ == "__main__":
    signals.watch()
    if supervision.wanted(["--coordinator"]):
        sys.exit(supervision.supervise(sys.argv[1:], [sys.executable, "-m", "tests.support.joined_run"]))
    from jaxunlearn.cli import main as cli

    sys.exit(cli.execute(argparse.Namespace(run=run, resumes=True)))
