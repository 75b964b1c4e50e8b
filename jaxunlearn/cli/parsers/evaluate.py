"""Arguments of `jaxunlearn evaluate`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import add_inception, add_inversion, add_real, add_run, add_strength
from jaxunlearn.cli.argument_types import local_path, name_or_path, whole

DESCRIPTION = """\
Measure what a run did: how well each person is forgotten, also in other photos of them, and how little all
other people changed. Writes summary.json, pictures and report.html into the run folder. With --strength the
run's adapters are measured at another strength, and only the figures are written, to strength/S.json. With
--compose all adapters of the run are applied in one generator, and its figures are written to composed.json.

Of a work list every person is measured, each in their own generator. --people N measures only N people,
chosen at random.
"""
EXAMPLES = """\
examples:
  jaxunlearn evaluate runs/seed0007
  jaxunlearn evaluate runs/person --judge CurricularFace_Backbone.pth --inception pt_inception.pth
  jaxunlearn evaluate runs/person --others more_latents_of_the_person.npz
  jaxunlearn evaluate runs/ten --identities people.csv --retain retained_photos/
  jaxunlearn evaluate runs/thousand_people --people 50
  jaxunlearn evaluate runs/three --compose
  jaxunlearn evaluate runs/seven_legato --compose --also runs/eight_legato --also runs/nine_legato
  jaxunlearn evaluate runs/person --real ffhq/ --save-real ffhq_statistics.npz
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add_run(parser)
    add_strength(parser)
    add(
        "--compose",
        action="store_true",
        help="measure everybody in one generator with all adapters of the run, one after the other",
    )
    add(
        "--also",
        action="append",
        default=[],
        type=local_path,
        metavar="RUN",
        help="with --compose, a further run whose adapters come next; may be given several times",
    )
    add(
        "--people",
        type=whole(1, 10**6),
        metavar="N",
        help="of a work list, measure N people chosen at random [all]; greater numbers go on from smaller",
    )
    add_inception(parser)
    photos = parser.add_mutually_exclusive_group()
    photos.add_argument(
        "--others",
        action="append",
        default=[],
        type=name_or_path,
        metavar="[WHO=]FILE",
        help="latents of other photos of a forgotten person, by number (from 0) or name; may be given "
        "several times. Or a folder with a file for each person. For a run of one person FILE alone",
    )
    photos.add_argument(
        "--identities",
        type=name_or_path,
        metavar="SOURCE",
        help="the photos that unlearning read: those it did not use are inverted, and are the other photos",
    )
    add_real(parser)
    add("--save-real", type=local_path, metavar="FILE", help="write mean and covariance of --real as .npz")
    add(
        "--retain",
        type=local_path,
        metavar="PATH",
        help="a retaining set: latents, or photos of people who should stay (a folder, a table, a picture)",
    )
    add_inversion(parser, "--inversion")
