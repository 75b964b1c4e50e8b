"""Train the bundled encoder, or go on where a run was cut off.

python tools/train_encoder.py --config configs/train_encoder.py --workdir runs/encoder
python tools/train_encoder.py --config configs/train_encoder.py --workdir runs/try --config.latent_steps=300
"""

import sys
from pathlib import Path

from absl import app, flags
from ml_collections import config_flags

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.training.encoder import train

CONFIG = config_flags.DEFINE_config_file("config", "configs/train_encoder.py", "settings of the run")
WORKDIR = flags.DEFINE_string("workdir", None, "the run's folder", required=True)


def main(_: list[str]) -> None:
    """Run; exits with 2 on wrong input."""
    try:
        figures = train(CONFIG.value, Path(WORKDIR.value))
    except InputError as error:
        print(f"train_encoder.py: {error}", file=sys.stderr)
        sys.exit(2)
    for scenario, values in figures.items():
        print(f"{scenario}: " + ", ".join(f"{name} {value}" for name, value in values.items()))


if __name__ == "__main__":
    app.run(main)
