"""Arguments of `jaxunlearn render`."""

from argparse import ArgumentParser
from pathlib import Path

from jaxunlearn.cli.argument_groups import add_adapters, add_batch, add_strength
from jaxunlearn.cli.argument_types import (
    local_path,
    name_or_path,
    real,
    seeds,
    whole,
)
from jaxunlearn.limits import LARGEST_SEED, RAY_CHUNK

DESCRIPTION = """\
Render samples of a generator: an image of each sample and view, and all images in grid.png. Or, with the
folder of a run: the forgotten person before, their target, and after, from several sides. With RUN only
--model, --yaw, --video, --mesh and the options of videos and meshes can be given; the rest is as in the run.

Angles are those of the official sampler, in degrees: offsets from the frontal view. A positive yaw shows the
person's left side, a negative pitch looks from above.
"""
EXAMPLES = """\
examples:
  jaxunlearn render --out pictures
  jaxunlearn render --model ffhq.safetensors --seeds 0-7 --yaw -20 0 20 --truncation-psi 0.7 --out pictures
  jaxunlearn render --model ffhq.safetensors --seeds 3 --video orbit.mp4 --mesh head.glb --out pictures
  jaxunlearn render --model ffhq.safetensors --latents person.npz --depth --out pictures
  jaxunlearn render --adapter runs/person/generator/0000.safetensors --strength 0.5 --out pictures
  jaxunlearn render runs/seed0007 --yaw -40 -20 0 20 40 --video orbit.gif --mesh head.glb
"""

_WITHOUT_RUN = (
    "seeds",
    "latents",
    "out",
    "pitch",
    "truncation_psi",
    "truncation_cutoff",
    "noise_mode",
    "noise_seed",
    "resolution",
    "depth",
    "batch",
    "ray_chunk",
    "dtype",
)
"""Arguments that a run decides."""
_BESIDE_OTHERS = ("strength", "frames", "fps", "mesh_resolution", "mesh_level", "mesh_largest")
"""More arguments that have no effect without another one; `defaults` has the defaults of all these."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        "folder",
        type=local_path,
        nargs="?",
        metavar="RUN",
        help="folder of a finished run; the pictures are written into it",
    )
    add(
        "--model",
        type=name_or_path,
        help="a file; heads: the bundled model; random: a small untrained generator; random-ffhq512: one of "
        "full size [heads]. With RUN: the source generator, if its file has moved since the run",
    )
    add_adapters(parser, "an adapter of the generator, as LEGATO trains them")
    add_strength(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=seeds, default=seeds("0-7"), metavar="N", help="such as 0-3,7 [0-7]")
    which.add_argument(
        "--latents", type=local_path, metavar="FILE", help="ws from .npz, .npy, .pt or .safetensors"
    )
    add("--out", type=local_path, default=Path("render"), metavar="DIR", help="folder to write [%(default)s]")
    _add_views(parser)
    _add_video_and_mesh(parser)
    add_batch(parser)
    add(
        "--ray-chunk",
        type=whole(1, 2**24),
        metavar="N",
        help=f"rays at a time; more need more memory [512 on a CPU, else {RAY_CHUNK}]",
    )
    add("--dtype", choices=("float32", "bfloat16"), default="float32", help="of activations [%(default)s]")
    parser.set_defaults(
        without_run=_WITHOUT_RUN,
        defaults={name: parser.get_default(name) for name in (*_WITHOUT_RUN, *_BESIDE_OTHERS)},
    )


def _add_views(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--yaw",
        type=real(-360, 360),
        nargs="+",
        metavar="DEG",
        help="views to render [0; with RUN: -30 -15 0 15 30]",
    )
    add("--pitch", type=real(-360, 360), nargs="+", default=[0.0], metavar="DEG", help="views to render [0]")
    add(
        "--truncation-psi",
        type=real(-10, 10),
        default=1.0,
        metavar="PSI",
        help="of --seeds: 1 leaves the samples as they are, 0 makes all of them the mean face [%(default)s]",
    )
    add("--truncation-cutoff", type=whole(1, 1000), metavar="N", help="truncate only the first N rows of ws")
    add("--noise-mode", choices=("const", "none", "random"), default="const", help="[%(default)s]")
    add(
        "--noise-seed",
        type=whole(0, LARGEST_SEED),
        default=0,
        metavar="N",
        help="for --noise-mode random [%(default)s]",
    )
    add(
        "--resolution",
        type=whole(1, 2048),
        metavar="N",
        help="rays along each side, at most 2048 [as the model was trained]",
    )
    add("--depth", action="store_true", help="write depth maps too; near is white")


def _add_video_and_mesh(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--video", metavar="NAME", help="orbit around every sample, NAME.mp4 or NAME.gif")
    add(
        "--frames",
        type=whole(1, 1000),
        default=72,
        metavar="N",
        help="frames of the video, at most 1000 [%(default)s]",
    )
    add(
        "--fps",
        type=whole(1, 240),
        default=24,
        metavar="N",
        help="frames per second of the video [%(default)s]",
    )
    add(
        "--mesh",
        metavar="NAME",
        help="surface of every sample, NAME.ply, NAME.obj or NAME.glb; with RUN: before and after",
    )
    add(
        "--mesh-resolution",
        type=whole(2, 512),
        default=256,
        metavar="N",
        help="lattice nodes along each side, at most 512 [%(default)s]",
    )
    add(
        "--mesh-level",
        type=real(0, 1e6),
        default=10.0,
        metavar="X",
        help="density at the surface [%(default)s]",
    )
    add("--mesh-largest", action="store_true", help="keep only the largest piece of the surface")
