"""Put the encoder of a training run into the package, in half precision.

python tools/bundle_encoder.py runs/encoder jaxunlearn/zoo/encoder.safetensors
"""

import argparse
import sys
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.training.encoder import export


def main() -> int:
    """Run the command; 2 on wrong input."""
    parser = argparse.ArgumentParser(description="Write a run's encoder as float16 safetensors.")
    parser.add_argument("run", type=Path, help="the --workdir of tools/train_encoder.py, finished")
    parser.add_argument("target", type=Path, help="for example jaxunlearn/zoo/encoder.safetensors")
    arguments = parser.parse_args()
    try:
        figures = export(arguments.run, arguments.target)
    except InputError as error:
        print(f"bundle_encoder.py: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.target}: {arguments.target.stat().st_size / 1e6:.2f} MB, {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
