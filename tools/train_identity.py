"""Train a bundled identity network, or go on where a run was cut off.

python tools/train_identity.py --config configs/train_identity.py:judge --workdir runs/judge
python tools/train_identity.py --config configs/train_identity.py:loss --workdir runs/try --config.steps=300
"""

import sys
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.training.identity import train

CONFIG = config_flags.DEFINE_config_file("config", "configs/train_identity.py", "settings of the run")
WORKDIR = flags.DEFINE_string("workdir", None, "the run's folder", required=True)


def main(_: list[str]) -> None:
    """Run; exits with 2 on wrong input."""
    try:
        figures = train(CONFIG.value, Path(WORKDIR.value))
    except InputError as error:
        print(f"train_identity.py: {error}", file=sys.stderr)
        sys.exit(2)
    print(", ".join(f"{name} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    app.run(main)
