"""Arguments of `jaxunlearn study`."""

from argparse import ArgumentParser
from pathlib import Path

from jaxunlearn.cli.argument_groups import add_batch
from jaxunlearn.cli.argument_types import local_path, name_or_path, seed, whole
from jaxunlearn.limits import MOST_CHOICES

DESCRIPTION = """\
Ask people whether they still recognise somebody. From folders of runs, make a page to hand out: it shows a
person, and pictures from another side of which one is of the same person. Participants save their answers as
files. With the folder of the study and --answers, count them. Finished studies are never written over.
"""
EXAMPLES = """\
examples:
  jaxunlearn study runs/sugar runs/guide --out studies/first
  jaxunlearn study runs/sugar --people 20 --retained 20 --questions 30 --given 2 --out studies/second
  jaxunlearn study studies/first --answers anna.json ben.json
"""
MAKING = (
    "out",
    "choices",
    "questions",
    "people",
    "retained",
    "controls",
    "given",
    "seed",
    "model",
    "batch",
)
"""Arguments that have no effect with --answers; `defaults` has their defaults."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add(
        "folders",
        type=local_path,
        nargs="+",
        metavar="RUN",
        help="folders of finished runs of the same source generator; with --answers: the folder of the study",
    )
    add(
        "--answers",
        type=local_path,
        nargs="+",
        metavar="FILE",
        help="files that participants saved; all of them, also those that were counted before",
    )
    add("--out", type=local_path, default=Path("study"), metavar="DIR", help="folder to make [%(default)s]")
    add(
        "--choices",
        type=whole(2, MOST_CHOICES),
        default=5,
        metavar="N",
        help="pictures to choose from [%(default)s]",
    )
    add(
        "--questions",
        type=whole(1, 1000),
        default=40,
        metavar="N",
        help="most questions for a participant; more are split into parts [%(default)s]",
    )
    many = whole(1, 1000)
    add("--people", type=many, metavar="N", help="forgotten people of each run who are asked about [all]")
    add(
        "--retained",
        type=whole(0, 1000),
        metavar="N",
        help="other people of each run [as many as forgotten ones]",
    )
    add(
        "--controls",
        type=whole(0, 1000),
        metavar="N",
        help="forgotten people who are also shown as they were before [as many as in the largest run]",
    )
    add(
        "--given",
        type=whole(1, 2),
        default=1,
        metavar="N",
        help="pictures of the person: 1 is from the front, 2 is from the front and a side [%(default)s]",
    )
    add("--seed", type=seed, metavar="N", help="seed of all draws; who has it knows the answers [drawn]")
    add("--model", type=name_or_path, help="the source generator, if its file has moved since the runs")
    add_batch(parser)
    parser.set_defaults(making=MAKING, defaults={name: parser.get_default(name) for name in MAKING})
