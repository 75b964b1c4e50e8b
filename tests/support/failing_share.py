"""Work that several processes share, whose last share fails: a process as the command would make it.

`python -m tests.support.failing_share COORDINATOR PROCESSES PROCESS`
"""

import argparse
import sys
from collections.abc import Sequence

import jax
import numpy as np

from jaxunlearn.cli import main as cli
from jaxunlearn.process import arrays, multihost, signals


def run(_: object = None) -> None:
    coordinator, processes, process = sys.argv[1:]
    jax.config.update("jax_platforms", "cpu")
    multihost.start(coordinator, int(processes), int(process), wait=120)

    def share(items: Sequence[int]) -> np.ndarray:
        if int(process) == int(processes) - 1:
            raise KeyError("the true reason")
        return np.array(items)

    arrays.divided(share, range(4))


if __name__ == "__main__":
    signals.watch()
    sys.exit(cli.execute(argparse.Namespace(run=run)))
