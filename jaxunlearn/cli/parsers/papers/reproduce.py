"""Arguments of `jaxunlearn reproduce`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_groups import add_inception, add_inversion, add_mesh_shape, add_models, add_real
from jaxunlearn.cli.argument_types import (
    MOST_COPIES,
    MOST_STEPS,
    local_path,
    name_or_path,
    people,
    seeds,
    whole,
)

DESCRIPTION = """\
Make a table of GUIDE's, SUGAR's or LEGATO's paper anew: all its runs, measured alike, beside the printed
numbers. Writes table.json, table.md and report.html.

Each row is a run in each column, in DIR/COLUMN/ROW. After an interruption the same command resumes it.
Finished runs are not run again.
"""
EXAMPLES = """\
examples:
  jaxunlearn reproduce --list
  jaxunlearn reproduce guide-1 --out tables/guide-1
  jaxunlearn reproduce guide-1 --people 2 --steps 20 --rows baseline,guide --out tables/first-look
  jaxunlearn reproduce guide-1 --model ffhq.safetensors --random 10 --in-domain ffhq.csv \\
      --out-of-domain people.csv --judge CurricularFace_Backbone.pth --inception pt_inception.pth \\
      --real ffhq_real_feat.npy --out tables/guide-1
  jaxunlearn reproduce sugar-1 --numbers 1,5,10 --out tables/sugar-1
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("table", nargs="?", metavar="TABLE", help="the table, such as guide-1 or sugar-1")
    add("--list", action="store_true", help="list all tables: rows, columns, runs, and what they need")
    add("--out", type=local_path, metavar="DIR", help="folder of the table [tables/ and its name]")
    _add_people(parser)
    _add_settings(parser)
    add_models(parser)
    add_inception(parser)
    add_real(parser)
    add_inversion(parser, "--inversion")
    add_mesh_shape(parser)
    parser.set_defaults(config=None, resumes=True)


def _add_people(parser: ArgumentParser) -> None:
    """Add the options that say whose pictures fill the columns."""
    add = parser.add_argument
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--random",
        type=whole(0, MOST_COPIES),
        metavar="N",
        help="people of the generator in the column Random, with the seeds from 0; 0 leaves it out [10, or "
        "as many as a row needs]",
    )
    who.add_argument("--seed", "--seeds", type=seeds, metavar="N", help="their seeds, such as 0-9")
    for column, pictures in (("in-domain", "FFHQ"), ("out-of-domain", "CelebAHQ")):
        add(
            f"--{column}",
            type=name_or_path,
            metavar="PHOTOS",
            help=f"photos of the people of the column of {pictures}: a folder of people's folders, or a "
            "table (image,identity). The first photo of each person is forgotten",
        )
    for column in ("in-domain", "out-of-domain"):
        add(
            f"--retain-{column}",
            type=local_path,
            metavar="PATH",
            help=f"latents or photos of people of the column of --{column} who should stay",
        )
    add("--people", type=whole(1, MOST_COPIES), metavar="N", help="at most so many people in a column [all]")


def _add_settings(parser: ArgumentParser) -> None:
    """Add the options that say which runs are made, and how."""
    add = parser.add_argument
    add("--rows", metavar="ROW,ROW", help="only these rows; --list names all")
    add("--numbers", type=people, metavar="N,N", help="only rows of so many people who share a generator")
    add(
        "--preset",
        choices=("paper", "official", "heads"),
        help="settings of the paper, of its official program, or of the bundled model; --config.KEY=VALUE "
        "changes single ones in all rows [heads for the bundled model, else paper]",
    )
    add("--steps", type=whole(1, MOST_STEPS), metavar="N", help="the same as --config.steps=N")
