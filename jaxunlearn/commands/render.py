"""`jaxunlearn render`: images, videos, depth and meshes of a generator's samples."""

import argparse
import dataclasses
import math
from pathlib import Path
from typing import Any

from jaxunlearn.commands.arguments import positive, seeds
from jaxunlearn.terminal import say

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
  jaxunlearn render runs/seed0007 --yaw -40 -20 0 20 40 --video orbit.gif
"""


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
    add("folder", type=Path, nargs="?", metavar="RUN", help="folder of a finished run; pictures go into it")
    add(
        "--model",
        default="heads",
        help="a file; heads: the bundled people; random: a small untrained generator [%(default)s]",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", type=seeds, default=seeds("0-7"), help="such as 0-3,7 [0-7]")
    which.add_argument("--latents", type=Path, metavar="FILE", help="ws from .npz, .npy, .pt or .safetensors")
    add("--out", type=Path, default=Path("render"), metavar="DIR", help="folder to write [%(default)s]")
    add("--yaw", type=float, nargs="+", default=[0.0], metavar="DEG", help="views to render [0]")
    add("--pitch", type=float, nargs="+", default=[0.0], metavar="DEG", help="views to render [0]")
    add(
        "--truncation-psi", type=float, default=1.0, metavar="PSI", help="towards the mean face [%(default)s]"
    )
    add("--truncation-cutoff", type=positive, metavar="N", help="truncate only the first N rows of ws")
    add("--noise-mode", choices=("const", "none", "random"), default="const", help="[%(default)s]")
    add("--noise-seed", type=int, default=0, help="for --noise-mode random [%(default)s]")
    add("--resolution", type=positive, metavar="N", help="rays along each side [as the model was trained]")
    add("--depth", action="store_true", help="write depth maps too, near is white")
    add("--video", metavar="NAME", help="orbit of every sample, NAME.mp4 or NAME.gif")
    add("--frames", type=positive, default=72, help="of the video [%(default)s]")
    add("--fps", type=positive, default=24, help="frames a second of the video [%(default)s]")
    add("--mesh", metavar="NAME", help="surface of every sample, NAME.ply, NAME.obj or NAME.glb")
    add(
        "--mesh-resolution",
        type=positive,
        default=256,
        metavar="N",
        help="lattice nodes a side [%(default)s]",
    )
    add("--mesh-level", type=float, default=10.0, metavar="X", help="density of the surface [%(default)s]")
    add("--batch", type=positive, default=4, help="samples rendered at a time [%(default)s]")
    add("--ray-chunk", type=positive, default=4096, metavar="N", help="rays at a time: memory [%(default)s]")
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
    from jaxunlearn.generators import load_generator
    from jaxunlearn.latent_files import read_latents
    from jaxunlearn.pictures import Pictures
    from jaxunlearn.rendering import Renderer, latents_of_seeds
    from jaxunlearn.views import conditioning_view

    names = _output_names(arguments)
    if arguments.folder is not None:
        _render_run(arguments, names)
        return
    generator = load_generator(arguments.model)
    if arguments.latents:
        ws = jnp.asarray(read_latents(arguments.latents, generator.config))
        labels = [f"latent{i:04d}" for i in range(len(ws))]
    else:
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
    arguments.out.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(generator, renderer, ws, labels, arguments.out)
    angles = [(math.radians(y), math.radians(p)) for p in arguments.pitch for y in arguments.yaw]
    pictures.views(angles, depth=arguments.depth)
    if "video" in names:
        pictures.orbits(names["video"], frames=arguments.frames, fps=arguments.fps)
    if "mesh" in names:
        pictures.meshes(
            names["mesh"], resolution=arguments.mesh_resolution, level=arguments.mesh_level, compute=compute
        )
    for path in pictures.written:
        say(path)


def _render_run(arguments: argparse.Namespace, names: dict[str, Path]) -> None:
    """Before, target and after: a strip, and an orbit if a video is wanted."""
    from jaxunlearn import configuration
    from jaxunlearn.errors import InputError
    from jaxunlearn.generators import load_generator
    from jaxunlearn.report.images import save_png
    from jaxunlearn.report.run_pictures import YAWS, RunPictures
    from jaxunlearn.report.video import save_video
    from jaxunlearn.run_folder import RunFolder
    from jaxunlearn.run_result import finished

    if "mesh" in names:
        raise InputError(
            "--mesh: give --model RUN/generator/0000.safetensors --latents RUN/latents.npz with it"
        )
    folder = RunFolder(arguments.folder)
    result = finished(folder)
    source = load_generator(folder.request.model)
    pictures = RunPictures(source, result, configuration.compute(folder.config))
    yaws = arguments.yaw if len(arguments.yaw) > 1 else YAWS
    for k in range(len(result.ws)):
        save_png(folder.person_picture(k), pictures.person(k, yaws))
        say(folder.person_picture(k))
        if "video" in names:
            path = folder.images / names["video"].with_stem(f"{names['video'].stem}{k:04d}")
            save_video(path, pictures.orbit(k, arguments.frames), fps=arguments.fps)
            say(path)


def _output_names(arguments: argparse.Namespace) -> dict[str, Path]:
    """Video and mesh names that were asked for, checked before the long part."""
    from jaxunlearn.errors import InputError
    from jaxunlearn.report import mesh, video

    names: dict[str, Path] = {}
    for option, suffixes in (("video", video.FORMATS), ("mesh", mesh.FORMATS)):
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
    return names
