"""Train a bundled network, or resume its training.

python tools/train_zoo.py --config configs/zoo/generator.py --workdir runs/heads
python tools/train_zoo.py --config configs/zoo/identity.py:judge --workdir runs/judge
python tools/train_zoo.py --config configs/zoo/encoder.py --workdir runs/try --config.latent_steps=300
"""

import json
import sys
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.process.signals import exit_code
from jaxunlearn.zoo.training.trainer import task_of, train
from torch_bridge import CheckpointError

CONFIG = config_flags.DEFINE_config_file(
    "config", None, "settings: a file of configs/zoo, which names the task"
)
WORKDIR = flags.DEFINE_string(
    "workdir", None, "run folder; an unfinished training in it is resumed", required=True
)


def main(_: list[str]) -> None:
    """Run the command; exit with 2 on wrong input, with 130 or 143 on Ctrl-C or SIGTERM."""
    try:
        figures = train(task_of(CONFIG.value), Path(WORKDIR.value))
    except (InputError, CheckpointError) as error:  # the latter also for files that cannot be written
        print(f"train_zoo.py: {error}", file=sys.stderr)
        sys.exit(2)
    except Interrupted as interruption:
        print(f"train_zoo.py: {interruption}", file=sys.stderr)
        sys.exit(exit_code())
    print(json.dumps(figures))


if __name__ == "__main__":
    flags.mark_flag_as_required("config")
    app.run(main)
