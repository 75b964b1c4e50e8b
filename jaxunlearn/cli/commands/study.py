"""Run `jaxunlearn study`: make a study for people, or count their answers."""

import argparse

from jaxunlearn.cli.without_effect import refuse
from jaxunlearn.errors import InputError
from jaxunlearn.reporting.study import StudySettings, count_answers, make_study
from jaxunlearn.reporting.study.folder import KEY, is_study
from jaxunlearn.reporting.study.results import write_results
from jaxunlearn.reporting.study.words import caution, lines
from jaxunlearn.terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Make a study, or count.

    Raises:
      InputError: if an option does not fit, or a folder or a file cannot be used.
    """
    if arguments.answers is None:
        _make(arguments)
    else:
        _count(arguments)


def _make(arguments: argparse.Namespace) -> None:
    for folder in arguments.folders:
        if is_study(folder):
            raise InputError(f"{folder}: is a study already; count its answers with --answers FILE ...")
    settings = StudySettings(
        choices=arguments.choices,
        questions=arguments.questions,
        people=arguments.people,
        retained=arguments.retained,
        controls=arguments.controls,
        given=arguments.given,
        seed=arguments.seed,
    )
    page = make_study(
        arguments.folders, arguments.out, settings=settings, model=arguments.model, batch=arguments.batch
    )
    say(f"Hand out {page}; everybody sends back the file that it saves.")
    say(f"Keep {page.with_name(KEY)} to yourself: it has the right answers.")
    say(f"Then: jaxunlearn study {page.parent} --answers FILE ...")


def _count(arguments: argparse.Namespace) -> None:
    refuse(arguments, arguments.making, "has no effect with --answers; leave it out")
    if len(arguments.folders) > 1:
        raise InputError("--answers: give the folder of one study")
    counts = count_answers(arguments.folders[0], arguments.answers)
    page = write_results(counts)
    for line in lines(counts):
        say(line)
    if caution(counts):
        say(caution(counts))
    say(f"Look at {page}")
