"""Arguments of `jaxunlearn attack`."""

from argparse import ArgumentParser

from jaxunlearn.attacks.depth import ATTACKS, DEPTHS
from jaxunlearn.cli.argument_groups import add_run
from jaxunlearn.cli.argument_types import people, seed

DESCRIPTION = """\
Attack the generator of a run: can somebody who has it get a forgotten person back? The person's photo is
inverted into it, latents near theirs are searched, and the generator is fine-tuned. A further attack asks who
was forgotten. Every attack has a control, to compare with. Writes attack.json, pictures and report.html into
the run folder. Finished attacks are kept.
"""
EXAMPLES = (
    "attacks:\n"
    + "".join(f"  {name:<12} {line}\n" for name, line in ATTACKS.items())
    + """
examples:
  jaxunlearn attack runs/seed0007
  jaxunlearn attack runs/seed0007 --depth quick --attack reinversion --attack search
  jaxunlearn attack runs/ten_people --people 0,3 --depth thorough
"""
)

SEED = (
    "seed of what the attacker draws [%(default)s]; the strangers to compare with are drawn by "
    "--config.evaluation.seed"
)


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add_run(parser)
    add(
        "--depth",
        choices=DEPTHS,
        default="standard",
        help="how hard the attacks try [%(default)s]",
    )
    add(
        "--attack",
        action="append",
        choices=tuple(ATTACKS),
        help="an attack to make; may be given several times [all]",
    )
    add("--people", type=people, metavar="N", help="numbers of people, from 0, such as 0-3,7 [the first 4]")
    add("--seed", type=seed, default=0, metavar="N", help=SEED)
    add("--again", action="store_true", help="attack anew what was finished")
    parser.set_defaults(resumes=True)
