"""A run of one small person, in which a file may have at most BYTES bytes.

`python -m tests.support.crashing_run FOLDER STEPS [BYTES]`
"""

import argparse
import resource
import signal
import sys
from pathlib import Path

import jax

from jaxunlearn.cli import main as cli
from jaxunlearn.methods.guide import presets
from jaxunlearn.process import signals
from jaxunlearn.training.unlearn import unlearn
from tests.support.tiny_models import tiny_models, tiny_people


def settings(steps: int) -> presets.ConfigDict:
    """Return settings of a run in which every step is saved."""
    config = presets.heads()
    config.update(steps=steps, log_every=1, images_every=0, checkpoint_every=1)
    config.optimiser.update(learning_rate=1e-3, schedule="constant")
    config.terms.perceptual = 0.0  # LPIPS takes half of the compilation, and no crash is about it
    return config


def limit_files(most: int) -> None:
    """Let no file of this process grow beyond `most` bytes, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def run(_: object = None) -> None:
    """Run as the command does, with a model that the command does not know."""
    folder, steps, *limit = sys.argv[1:]
    if limit:
        limit_files(int(limit[0]))
    unlearn(tiny_models(), tiny_people(1), settings(int(steps)), workdir=Path(folder), progress=False)


if __name__ == "__main__":
    signals.watch()
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_default_matmul_precision", "highest")
    jax.config.update("jax_num_cpu_devices", 8)
    sys.exit(cli.execute(argparse.Namespace(run=run, resumes=True)))
