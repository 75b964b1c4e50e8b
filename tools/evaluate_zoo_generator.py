"""Evaluate a generator of synthetic people on people and cameras it was not trained on.

python tools/evaluate_zoo_generator.py                                  # the bundled generator
python tools/evaluate_zoo_generator.py runs/heads/generator.safetensors --picture heads.png
"""

import argparse
import json
import sys
from pathlib import Path

import jax

import lpips_flax
from eg3d_flax import Compute
from jaxunlearn.files.paths import check_file
from jaxunlearn.images import save_png
from jaxunlearn.models.generator import load_generator
from jaxunlearn.zoo.metrics.generator_metrics import evaluate, picture
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST, PhotographRequest, photograph
from jaxunlearn.zoo.training.generator_data import on_white
from torch_bridge import CheckpointError, module_arrays

BARS = {"psnr_64": 23.0, "lpips": 0.05}
"""Figures that the bundled generator was meant to reach; `jaxunlearn/zoo/MODELS.md` says which it misses."""


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description="PSNR and LPIPS between generated people and renderings of the same z, both on white. "
        "PSNR of images larger than 64 pixels is also given for images reduced to 64 pixels.",
        epilog="example: %(prog)s heads --people 256 --views 4 --picture heads.png",
    )
    parser.add_argument(
        "model", nargs="?", default="heads", help="bundled name or .safetensors file (default: %(default)s)"
    )
    parser.add_argument("--people", type=int, default=256, help="number of people (default: %(default)s)")
    parser.add_argument(
        "--views", type=int, default=4, help="photographs of each person (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the people (default: that of training)")
    parser.add_argument("--folder", type=Path, help="folder that keeps the renderings for the next run")
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE.png",
        help="write rendered above generated people, yaw from -30 to 30 degrees",
    )
    return parser.parse_args()


def main() -> int:
    """Run the command; return 2 on wrong input."""
    arguments = parse_arguments()
    try:
        if arguments.picture is not None:
            check_file(arguments.picture)
        generator = load_generator(arguments.model)
        request = PhotographRequest(
            "generator",
            people=arguments.people,
            views=arguments.views,
            resolution=generator.config.img_resolution,
            seed=arguments.seed,
            first=HELD_OUT_FIRST,
        )
        held_out = on_white(photograph(request, folder=arguments.folder))
    except (ValueError, CheckpointError) as error:
        print(f"evaluate_zoo_generator.py: {error}", file=sys.stderr)
        return 2
    compute = Compute.for_platform(jax.default_backend())
    figures = evaluate(generator, held_out, lpips_flax.load("alex"), compute, people=arguments.people)
    parameters = sum(array.size for array in module_arrays(generator).values())
    print(json.dumps({**figures, "parameters": parameters, "bars": BARS}))
    if arguments.picture is not None:
        save_png(arguments.picture, picture(generator, held_out, compute))
        print(arguments.picture)
    return 0


if __name__ == "__main__":
    sys.exit(main())
