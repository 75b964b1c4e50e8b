"""Put the network of an identity training run into the package, in half precision.

python tools/bundle_identity.py runs/judge jaxunlearn/zoo/identity_judge.safetensors
"""

import argparse
import sys
from pathlib import Path

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.training.identity import export, figures_of


def main() -> int:
    """Run the command; 2 on wrong input."""
    parser = argparse.ArgumentParser(description="Write a run's network as float16 safetensors.")
    parser.add_argument("run", type=Path, help="the --workdir of tools/train_identity.py")
    parser.add_argument("target", type=Path, help="for example jaxunlearn/zoo/identity_judge.safetensors")
    arguments = parser.parse_args()
    try:
        figures = export(arguments.run, arguments.target)
    except InputError as error:
        print(f"bundle_identity.py: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.target}: {arguments.target.stat().st_size / 1e6:.2f} MB, {figures_of(figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
