"""`jaxunlearn unlearn`: make a generator forget people."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jaxunlearn.cli.options import (
    MOST_COPIES,
    MOST_STEPS,
    add_config,
    add_inversion,
    add_models,
    add_scale,
    join,
    local_path,
    mesh_of,
    models_of,
    name_or_path,
    numbers,
    seeds,
    whole,
)
from jaxunlearn.files.names import file_name
from jaxunlearn.methods.registry import DEFAULT, DEFAULT_SHARED, METHODS
from jaxunlearn.terminal import say, say_lines

if TYPE_CHECKING:
    from jax.sharding import Mesh

    from jaxunlearn.methods.settings import ConfigDict
    from jaxunlearn.models.loading import Models
    from jaxunlearn.photos.people import People

_DESCRIPTION = """\
Make a generator forget people: each in a copy of the generator of their own (GUIDE), or all of them in one
(SUGAR), at once or one request after another.

A run keeps everything in its folder. Interrupted, by Ctrl-C or otherwise, the same command goes on where it
was.
"""
_EXAMPLES = """\
examples:
  jaxunlearn unlearn --seed 7 --out runs/seed7
  jaxunlearn unlearn --image photo.png --out runs/photo
  jaxunlearn unlearn --image aligned/ --out runs/everybody
  jaxunlearn unlearn --seed 7 --config configs/guide/ablations.py:heads,baseline --out runs/baseline
  jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --out runs/person
  jaxunlearn unlearn --identities people/ --parallel 8 --mesh 4x2 --out runs/people
  jaxunlearn unlearn --method sugar --seed 0-9 --out runs/ten
  jaxunlearn unlearn --method sugar --seed 0-4 --sweep-distance=-0.5,0.5,1,1.5 --out runs/sweep
  jaxunlearn unlearn --method sugar --sequence requests.json --out runs/requests
"""

_ASKED = (
    "seed",
    "method",
    "sweep_distance",
    "shared",
    "parallel",
    "inversion",
    "steps",
    "overrides",
    "mesh",
    "processes",
)
"""Arguments that all processes must have in common; files may lie elsewhere on each host."""


def add_parser(subparsers: Any) -> None:
    """Register the subcommand."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "unlearn",
        help="make a generator forget people",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--seed", type=seeds, metavar="N", help="people of the generator, such as 7 or 0-3")
    who.add_argument(
        "--latents", type=local_path, metavar="FILE", help="ws from .npz, .npy, .pt or .safetensors"
    )
    who.add_argument(
        "--image",
        type=name_or_path,
        nargs="+",
        metavar="PHOTO",
        help="photos, framed as the generator's images; or a folder of them, a folder of people's folders, a "
        "table (image,identity), tfds:NAME[split]: each photo gets a copy of the generator",
    )
    who.add_argument(
        "--identities",
        type=name_or_path,
        metavar="FOLDER",
        help="a work list: each identity of a folder of photos, a folder of people's folders, a table or "
        "tfds:NAME[split], by the first of their photos",
    )
    who.add_argument(
        "--sequence",
        type=local_path,
        metavar="REQUESTS",
        help="a JSON or TOML file of requests, carried out one after another in one generator",
    )
    add(
        "--method",
        choices=tuple(METHODS),
        help="guide: a generator for each person; sugar: one for all [as --config says, else guide]",
    )
    add(
        "--shared",
        action="store_true",
        help="all people share one generator, with a method that can do both",
    )
    add(
        "--sweep-distance",
        type=numbers,
        metavar="D,D,...",
        help="sugar only: once for each distance d of the surrogates; write = before a negative one",
    )
    add(
        "--parallel",
        type=whole(1, MOST_COPIES),
        metavar="K",
        help="guide only: so many people at a time; who is done is exported at once and never done again "
        "[--identities: 1]",
    )
    add_inversion(parser, "--inversion")
    add_models(parser)
    add("--w-avg", type=local_path, metavar="FILE", help="the mean latent [the generator's]")
    add("--out", type=local_path, metavar="DIR", help="the run's folder [runs/ and who is forgotten]")
    add("--steps", type=whole(1, MOST_STEPS), metavar="N", help="the same as --config.steps=N")
    add_scale(parser)
    add_config(parser)
    parser.set_defaults(run=run, resumes=True)


def run(arguments: argparse.Namespace) -> None:
    """Unlearn.

    Raises:
      InputError: if an argument, a file or a setting cannot be used; before the long part.
      Interrupted: after Ctrl-C.
    """
    import jax

    from jaxunlearn.errors import InputError
    from jaxunlearn.process.multihost import check_same, leads
    from jaxunlearn.reporting.report import write_run_report
    from jaxunlearn.training.unlearn import unlearn

    join(arguments)
    check_same({name: getattr(arguments, name) for name in _ASKED}, "the command")
    mesh = mesh_of(arguments)
    if jax.process_count() > 1 and (arguments.sequence is not None or arguments.sweep_distance):
        raise InputError("several hosts: not for --sequence and --sweep-distance; run them on one")
    if arguments.sequence is not None:
        arguments.shared = True
    # Before models are loaded; each request has settings of its own.
    first = read_settings(arguments, 1)
    if arguments.seed is not None and not arguments.parallel:
        _refuse_too_many(first, len(arguments.seed))
    if arguments.sequence is not None:
        if arguments.sweep_distance:
            raise InputError("--sweep-distance: not of a sequence; give --seed, --latents or --image")
        return _run_sequence(arguments, mesh)
    models = models_of(arguments, arguments.w_avg)
    if arguments.identities is not None or arguments.parallel:
        return _run_worklist(arguments, models, mesh)
    config, people = _request(arguments, models)
    _refuse_too_many(config, len(people.subjects))
    out = arguments.out or Path("runs") / people.name
    if arguments.sweep_distance:
        return _run_sweep(models, people, config, arguments.sweep_distance, out, mesh)
    result = unlearn(models, people, config, workdir=out, mesh=mesh)
    if not leads():
        return None
    folder = write_run_report(models, result, config)
    for k in range(len(result.generators)):
        say(folder.generator(k))
    say(folder.report)
    say(f"measure it: jaxunlearn evaluate {out}")
    return None


def _refuse_too_many(config: "ConfigDict", people: int) -> None:
    from jaxunlearn.errors import InputError
    from jaxunlearn.methods.registry import method_of

    if people > MOST_COPIES and not method_of(config).shares_generator(config):
        raise InputError(
            f"{people} people at once are as many copies of the generator; train some at a time: --parallel 8"
        )


def _run_sweep(
    models: "Models",
    people: "People",
    config: "ConfigDict",
    distances: Sequence[float],
    out: Path,
    mesh: "Mesh | None",
) -> None:
    """The same people once for each distance."""
    from jaxunlearn.files.door import read_text
    from jaxunlearn.workflows.sweep import sweep_distances

    sweep_distances(models, people, config, distances, out, mesh=mesh)
    say_lines(read_text(out / "sweep.md").rstrip("\n"))
    for k in range(len(people.subjects)):
        say(out / f"person{k:04d}.png")


def _run_worklist(arguments: argparse.Namespace, models: "Models", mesh: "Mesh | None") -> None:
    """Many people, each with a generator of their own, in waves."""
    from jaxunlearn.errors import InputError
    from jaxunlearn.methods import from_config
    from jaxunlearn.process.multihost import leads
    from jaxunlearn.workflows.batch import unlearn_all
    from jaxunlearn.workflows.batch_sources import worklist_of_photos, worklist_of_seeds

    if arguments.sweep_distance:
        raise InputError("--sweep-distance: not of a work list")
    config = read_settings(arguments, 1)
    if arguments.seed is not None:
        worklist, name = worklist_of_seeds(models, arguments.seed), "seeds"
    elif arguments.identities is not None:
        worklist = worklist_of_photos(
            models,
            arguments.identities,
            method=arguments.inversion,
            encoder=arguments.encoder,
            encoder_input=arguments.encoder_input,
            mesh=mesh,
            compute=from_config.compute(config),
        )
        name = file_name(Path(arguments.identities).stem)
    else:
        raise InputError("--parallel: of --identities or --seed")
    out = arguments.out or Path("runs") / name
    lines = unlearn_all(models, worklist, config, out, parallel=arguments.parallel or 1, mesh=mesh)
    if leads():
        for line in lines:
            say(f"{line['subject']}: {line['status']}, {line.get('generator', 'no generator')}")
        done = sum("generator" in line for line in lines)
        say(f"{done} of {len(lines)} done; look at {out / 'report.html'}, read {out / 'results.jsonl'}")


def _run_sequence(arguments: argparse.Namespace, mesh: "Mesh | None") -> None:
    """Requests one after another."""
    from jaxunlearn.workflows.continual import forget_requests
    from jaxunlearn.workflows.continual_report import newest_generator, report_requests
    from jaxunlearn.workflows.requests import read_requests

    stages = read_requests(arguments.sequence)
    models = models_of(arguments, arguments.w_avg)
    out = arguments.out or Path("runs") / file_name(arguments.sequence.stem)
    forgotten = forget_requests(
        models, stages, lambda people: read_settings(arguments, people), out, mesh=mesh
    )
    for line in report_requests(models, forgotten, read_settings(arguments, 1)):
        say(line)
    say(newest_generator(forgotten.registry))


def _request(arguments: argparse.Namespace, models: "Models") -> "tuple[ConfigDict, People]":
    """Settings and people; settings are checked before photos are inverted, which takes long."""
    from jaxunlearn.methods import from_config
    from jaxunlearn.methods.registry import method_of
    from jaxunlearn.photos.people import people_from_latents, people_from_photos, people_from_seeds
    from jaxunlearn.workflows.requests import refuse_repetition

    if arguments.image is not None:
        config = read_settings(arguments, len(arguments.image))
        people = people_from_photos(
            models,
            arguments.image,
            method=arguments.inversion,
            encoder=arguments.encoder,
            encoder_input=arguments.encoder_input,
            compute=from_config.compute(config),
        )
        return read_settings(arguments, len(people.subjects)), people
    if arguments.seed is not None:
        config = read_settings(arguments, len(arguments.seed))
        if method_of(config).shares_generator(config):
            refuse_repetition("--seed", arguments.seed)
        return config, people_from_seeds(models, arguments.seed)
    people = people_from_latents(models, arguments.latents)
    return read_settings(arguments, len(people.subjects)), people


def read_settings(arguments: argparse.Namespace, people: int) -> "ConfigDict":
    """The config for so many people, checked.

    Raises:
      InputError: if it makes no sense, or is of another method than `--method`.
    """
    from jaxunlearn.cli.options import read_config, refuse_other_method
    from jaxunlearn.methods import configuration
    from jaxunlearn.methods.registry import named
    from jaxunlearn.models.generator import SMALL

    method = named(arguments.method or (DEFAULT_SHARED if arguments.shared else DEFAULT))
    suffix = "heads" if arguments.model in SMALL else "paper"
    default = method.preset(suffix, people, shared=arguments.shared)
    config = read_config(arguments.config, arguments.overrides, default)
    if arguments.steps:
        config.steps = arguments.steps
    configuration.check(config)
    refuse_other_method(arguments, config)
    return config
