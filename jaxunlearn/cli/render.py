"""`jaxunlearn render`: images, videos, depth and meshes of a generator's samples."""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any

from jaxunlearn.cli.options import LARGEST_SEED, MOST_BATCH, local_path, name_or_path, real, seeds, whole
from jaxunlearn.terminal import complain, say

_DESCRIPTION = """\
Render samples of a generator: one image a sample and view, and all of them in grid.png. Or, given the folder
of a run: the forgotten person before, their target, and after, from every side.

Angles are the official sampler's, in degrees: offsets from the frontal view. A positive yaw shows the face's
right side, a negative pitch looks from above.
"""
_EXAMPLES = """\
examples:
  jaxunlearn render --out pictures
  jaxunlearn render --model ffhq.safetensors --seeds 0-7 --yaw -20 0 20 --truncation-psi 0.7 --out pictures
  jaxunlearn render --model ffhq.safetensors --seeds 3 --video orbit.mp4 --mesh head.glb --out pictures
  jaxunlearn render --model ffhq.safetensors --latents person.npz --depth --out pictures
  jaxunlearn render runs/seed0007 --yaw -40 -20 0 20 40 --video orbit.gif --mesh head.glb
"""

_MOST_BYTES = 4 * 2**30
"""Of the images of one grid or video."""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "render",
        help="images, videos, depth and meshes of a generator's samples",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "folder",
        type=local_path,
        nargs="?",
        metavar="RUN",
        help="folder of a finished run; pictures go into it",
    )
    add(
        "--model",
        type=name_or_path,
        default="heads",
        help="a file; heads: the bundled people; random: a small untrained generator [%(default)s]",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=seeds, default=seeds("0-7"), help="such as 0-3,7 [0-7]")
    which.add_argument(
        "--latents", type=local_path, metavar="FILE", help="ws from .npz, .npy, .pt or .safetensors"
    )
    add("--out", type=local_path, default=Path("render"), metavar="DIR", help="folder to write [%(default)s]")
    add("--yaw", type=real(-360, 360), nargs="+", default=[0.0], metavar="DEG", help="views to render [0]")
    add("--pitch", type=real(-360, 360), nargs="+", default=[0.0], metavar="DEG", help="views to render [0]")
    add(
        "--truncation-psi",
        type=real(-10, 10),
        default=1.0,
        metavar="PSI",
        help="towards the mean face [%(default)s]",
    )
    add("--truncation-cutoff", type=whole(1, 1000), metavar="N", help="truncate only the first N rows of ws")
    add("--noise-mode", choices=("const", "none", "random"), default="const", help="[%(default)s]")
    add("--noise-seed", type=whole(0, LARGEST_SEED), default=0, help="for --noise-mode random [%(default)s]")
    add(
        "--resolution",
        type=whole(1, 2048),
        metavar="N",
        help="rays along each side, at most 2048 [as the model was trained]",
    )
    add("--depth", action="store_true", help="write depth maps too, near is white")
    add("--video", metavar="NAME", help="orbit of every sample, NAME.mp4 or NAME.gif")
    add("--frames", type=whole(1, 1000), default=72, help="of the video, at most 1000 [%(default)s]")
    add("--fps", type=whole(1, 240), default=24, help="frames a second of the video [%(default)s]")
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
        help="lattice nodes a side, at most 512 [%(default)s]",
    )
    add(
        "--mesh-level",
        type=real(0, 1e6),
        default=10.0,
        metavar="X",
        help="density of the surface [%(default)s]",
    )
    add("--mesh-largest", action="store_true", help="keep only the largest piece of the surface")
    add("--batch", type=whole(1, MOST_BATCH), default=4, help="samples rendered at a time [%(default)s]")
    add(
        "--ray-chunk",
        type=whole(1, 2**24),
        default=4096,
        metavar="N",
        help="rays at a time: memory [%(default)s]",
    )
    add("--dtype", choices=("float32", "bfloat16"), default="float32", help="of activations [%(default)s]")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Render.

    Raises:
      InputError: if an argument, the model or the latents cannot be used; before anything is rendered.
    """
    import jax
    import jax.numpy as jnp

    from eg3d_flax import Compute
    from jaxunlearn.models.cameras import conditioning_view
    from jaxunlearn.models.generator import load_generator
    from jaxunlearn.models.latent_io import read_latents
    from jaxunlearn.models.renderer import Renderer, latents_of_seeds
    from jaxunlearn.reporting.samples import Pictures

    names = _output_names(arguments)
    if arguments.folder is not None:
        _render_run(arguments, names)
        return
    generator = load_generator(arguments.model)
    if arguments.latents:
        ws = jnp.asarray(read_latents(arguments.latents, generator.config))
        _refuse_too_many(arguments, len(ws), generator.config.img_resolution)
        labels = [f"latent{i:04d}" for i in range(len(ws))]
    else:
        _refuse_too_many(arguments, len(arguments.seeds), generator.config.img_resolution)
        ws = latents_of_seeds(
            generator,
            arguments.seeds,
            conditioning_view(generator.config),
            truncation_psi=arguments.truncation_psi,
            truncation_cutoff=arguments.truncation_cutoff,
        )
        labels = [f"seed{seed:04d}" for seed in arguments.seeds]
    compute = dataclasses.replace(
        Compute.for_platform(jax.default_backend()),
        dtype=jnp.dtype(arguments.dtype),
        ray_chunk=arguments.ray_chunk,
    )
    renderer = Renderer(
        generator,
        batch=min(arguments.batch, len(ws) * len(arguments.yaw) * len(arguments.pitch)),
        noise_mode=arguments.noise_mode,
        noise_seed=arguments.noise_seed,
        neural_rendering_resolution=arguments.resolution,
        compute=compute,
    )
    pictures = Pictures(generator, renderer, ws, labels, arguments.out)
    angles = [(math.radians(y), math.radians(p)) for p in arguments.pitch for y in arguments.yaw]
    if "mesh" in names:  # first: only the densities tell whether there is a surface
        pictures.meshes(
            names["mesh"],
            resolution=arguments.mesh_resolution,
            level=arguments.mesh_level,
            largest=arguments.mesh_largest,
            compute=compute,
        )
    pictures.views(angles, depth=arguments.depth)
    if "video" in names:
        pictures.orbits(names["video"], frames=arguments.frames, fps=arguments.fps)
    for note in pictures.notes:
        complain(f"note: {note}")
    for path in pictures.written:
        say(path)


def _render_run(arguments: argparse.Namespace, names: dict[str, Path]) -> None:
    """Before, target and after: a strip; an orbit and meshes if they are wanted."""
    from jaxunlearn.images import save_png
    from jaxunlearn.methods import from_config
    from jaxunlearn.models.generator import load_generator
    from jaxunlearn.reporting.before_after import YAWS, RunPictures
    from jaxunlearn.reporting.run_meshes import run_meshes
    from jaxunlearn.reporting.samples import save_pieces
    from jaxunlearn.reporting.video import save_video
    from jaxunlearn.training.result import finished
    from jaxunlearn.training.run_dir import RunFolder

    folder = RunFolder(arguments.folder)
    result = finished(folder)
    source = load_generator(folder.request.model)
    compute = from_config.compute(folder.config)
    pictures = RunPictures(source, result, compute)
    yaws = arguments.yaw if len(arguments.yaw) > 1 else YAWS
    for k in range(len(result.ws)):
        meshes = {}
        if "mesh" in names:  # first: only the densities tell whether there is a surface
            meshes = run_meshes(
                source,
                result,
                k,
                resolution=arguments.mesh_resolution,
                level=arguments.mesh_level,
                compute=compute,
            )
        save_png(folder.person_picture(k), pictures.person(k, yaws))
        say(folder.person_picture(k))
        if "video" in names:
            path = folder.images / names["video"].with_stem(f"{names['video'].stem}{k:04d}")
            save_video(path, pictures.orbit(k, arguments.frames), fps=arguments.fps)
            say(path)
        for when, surface in meshes.items():
            path = folder.images / names["mesh"].with_stem(f"{names['mesh'].stem}{k:04d}_{when}")
            note = save_pieces(path, surface, largest=arguments.mesh_largest)
            say(path)
            if note is not None:
                complain(f"note: {note}")


def _refuse_too_many(arguments: argparse.Namespace, samples: int, side: int) -> None:
    """Refuse more images than the memory holds: those of a grid or a video are kept until it is written."""
    from jaxunlearn.errors import InputError

    wanted = {"--yaw and --pitch": len(arguments.yaw) * len(arguments.pitch)}
    if arguments.video is not None:
        wanted["--frames"] = arguments.frames
    for option, each in wanted.items():
        size = samples * each * side**2 * 3
        if size > _MOST_BYTES:
            raise InputError(
                f"{option}: {samples} samples times {each} are {size / 2**30:.0f} GB of images, more than "
                f"{_MOST_BYTES / 2**30:.0f} GB at once; give fewer samples or views"
            )


def _output_names(arguments: argparse.Namespace) -> dict[str, Path]:
    """Video and mesh names that were asked for, checked before the long part."""
    from jaxunlearn.errors import InputError
    from jaxunlearn.reporting import surface, video

    names: dict[str, Path] = {}
    for option, suffixes in (("video", video.FORMATS), ("mesh", surface.FORMATS)):
        given = getattr(arguments, option)
        if given is None:
            continue
        name = Path(given)
        if name.suffix not in suffixes or name.name != given:
            raise InputError(f"--{option} {given}: give a plain name that ends in {' or '.join(suffixes)}")
        names[option] = name
    if "video" in names:
        names["video"] = video.writable(names["video"])
        if names["video"].name != arguments.video:
            say("note: writing a GIF; install jaxunlearn[video] for mp4")
        shown = len(video.gif_frames(arguments.frames, arguments.fps)[0])
        if names["video"].suffix == ".gif" and shown < arguments.frames:
            complain(
                f"note: a GIF shows at most 50 frames a second: {shown} of {arguments.frames} frames are kept"
            )
    return names
