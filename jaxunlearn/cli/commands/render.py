"""Run `jaxunlearn render`: images, videos, depth maps and meshes of a generator's samples."""

import argparse
import dataclasses
import math

import jax
import jax.numpy as jnp

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.cli.without_effect import refuse
from jaxunlearn.errors import InputError, install
from jaxunlearn.files.paths import check_writable
from jaxunlearn.models.adapters import adapted, with_strength
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.latent_io import read_latents
from jaxunlearn.models.renderer import Renderer, default_compute, latents_of_seeds
from jaxunlearn.reporting import surface, video
from jaxunlearn.reporting.before_after import YAWS
from jaxunlearn.reporting.render_files import check_name, check_size, render_run
from jaxunlearn.reporting.samples import SampleFiles
from jaxunlearn.reporting.surface import Mesh
from jaxunlearn.reporting.video import Video
from jaxunlearn.terminal import complain, say
from jaxunlearn.training.storage.run_dir import RunFolder


def run(arguments: argparse.Namespace) -> None:
    """Render.

    Raises:
      InputError: if an argument, the model, the latents or `--out` cannot be used; before the long part.
    """
    _refuse_without_effect(arguments)
    film, mesh = _video(arguments), _mesh(arguments)
    if arguments.folder is not None:
        folder, yaws = RunFolder(arguments.folder), arguments.yaw or YAWS
        for path, note in render_run(folder, model=arguments.model, yaws=yaws, video=film, mesh=mesh):
            say(path)
            if note is not None:
                complain(f"note: {note}")
        return
    check_writable(arguments.out)
    angles = [(math.radians(y), math.radians(p)) for p in arguments.pitch for y in arguments.yaw or [0.0]]
    generator = adapted(load_generator(arguments.model or "heads"), arguments.adapter)
    if arguments.strength is not None:
        generator = with_strength(generator, arguments.strength)
    _check_rays(arguments.resolution, generator.config.most_rays)
    ws, labels = _samples(arguments, generator, len(angles))
    compute = default_compute()
    compute = dataclasses.replace(
        compute,
        dtype=jnp.dtype(arguments.dtype),
        ray_chunk=arguments.ray_chunk or compute.ray_chunk,
        picture_chunk=arguments.ray_chunk or compute.picture_chunk,
    )
    renderer = Renderer(
        generator,
        batch=min(arguments.batch, len(ws) * len(angles)),
        noise_mode=arguments.noise_mode,
        noise_seed=arguments.noise_seed,
        neural_rendering_resolution=arguments.resolution,
        compute=compute,
    )
    files = SampleFiles(generator, renderer, ws, labels, arguments.out)
    files.write(angles, depth=arguments.depth, video=film, mesh=mesh, compute=compute)
    for note in files.notes:
        complain(f"note: {note}")
    for path in files.written:
        say(path)


def _refuse_without_effect(arguments: argparse.Namespace) -> None:
    """Refuse options that have no effect beside the others.

    Raises:
      InputError: naming the option.
    """
    if arguments.folder is not None:
        _refuse_with_run(arguments)
    elif arguments.latents is not None:
        why = "cannot be used with --latents, which are rendered as they are; leave it out"
        refuse(arguments, ("truncation_psi", "truncation_cutoff"), why)
    if not arguments.adapter:
        refuse(arguments, ("strength",), "needs --adapter, whose end time it scales")
    if arguments.video is None:
        refuse(arguments, ("frames", "fps"), "needs --video")
    if arguments.mesh is None:
        refuse(arguments, ("mesh_resolution", "mesh_level", "mesh_largest"), "needs --mesh")
    if arguments.noise_mode != "random":
        refuse(arguments, ("noise_seed",), "needs --noise-mode random")
    if arguments.truncation_psi == 1:
        refuse(arguments, ("truncation_cutoff",), "needs another --truncation-psi than 1")


def _refuse_with_run(arguments: argparse.Namespace) -> None:
    """Refuse options that have no effect on the pictures of a run.

    Raises:
      InputError: naming the option.
    """
    if arguments.adapter or arguments.strength is not None:
        raise InputError(
            "--adapter and --strength cannot be used with RUN; render the run's own file: "
            f"--adapter {RunFolder(arguments.folder).generator()}"
        )
    refuse(arguments, arguments.without_run, "cannot be used with RUN; leave it out")


def _check_rays(resolution: int | None, most: int | None) -> None:
    """Refuse more rays along each side than super-resolution takes.

    Raises:
      InputError: if there are more.
    """
    if resolution is not None and most is not None and resolution > most:
        raise InputError(
            f"--resolution {resolution}: this generator's super-resolution takes at most {most} rays along "
            "each side"
        )


def _samples(
    arguments: argparse.Namespace, generator: TriPlaneGenerator, angles: int
) -> tuple[jax.Array, list[str]]:
    """Return ws `[N, num_ws, w_dim]` and a label for each sample, which is rendered from so many angles."""
    counts = {"--yaw and --pitch": angles}
    if arguments.depth:
        counts["--depth"] = 3 * angles  # depths take as much as two images
    if arguments.video is not None:
        counts["--frames"] = arguments.frames
    side = generator.config.img_resolution
    if arguments.latents:
        ws = jnp.asarray(read_latents(arguments.latents, generator.config))
        check_size(len(ws), side, counts)
        return ws, [f"latent{i:04d}" for i in range(len(ws))]
    check_size(len(arguments.seeds), side, counts)
    ws = latents_of_seeds(
        generator,
        arguments.seeds,
        conditioning_view(generator.config),
        truncation_psi=arguments.truncation_psi,
        truncation_cutoff=arguments.truncation_cutoff,
    )
    return ws, [f"seed{seed:04d}" for seed in arguments.seeds]


def _video(arguments: argparse.Namespace) -> Video | None:
    """Return the video that is wanted; a GIF if mp4 cannot be written."""
    if arguments.video is None:
        return None
    name = video.writable(check_name(arguments.video, video.FORMATS, "--video"))
    if name.name != arguments.video:
        complain(f"note: writing a GIF; for mp4, {install('video')}")
    kept = len(video.gif_frames(arguments.frames, arguments.fps)[0])
    if name.suffix == ".gif" and kept < arguments.frames:
        complain(
            f"note: a GIF has at most 50 frames per second: {kept} of {arguments.frames} frames are kept"
        )
    return Video(name, arguments.frames, arguments.fps)


def _mesh(arguments: argparse.Namespace) -> Mesh | None:
    """Return the surfaces that are wanted."""
    if arguments.mesh is None:
        return None
    return Mesh(
        check_name(arguments.mesh, surface.FORMATS, "--mesh"),
        arguments.mesh_resolution,
        arguments.mesh_level,
        arguments.mesh_largest,
    )
