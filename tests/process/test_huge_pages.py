"""The command starts anew with huge pages, once, and only where they help."""

import platform
import subprocess
import sys

import pytest

from jaxunlearn.process import huge_pages
from tests.support.programs import environment

HELPFUL = "always [madvise] never"
GLIBC = ("glibc", "2.36")


def test_they_are_asked_for_where_they_help():
    assert huge_pages.wanted({}, GLIBC, HELPFUL)


@pytest.mark.parametrize(
    ("variables", "libc", "kernel"),
    [
        ({huge_pages.VARIABLE: ""}, GLIBC, HELPFUL),
        ({huge_pages.VARIABLE: huge_pages.WORD}, GLIBC, HELPFUL),
        ({}, ("glibc", "2.34"), HELPFUL),
        ({}, ("", ""), HELPFUL),
        ({}, GLIBC, "[always] madvise never"),
        ({}, GLIBC, "always madvise [never]"),
        ({}, GLIBC, ""),
    ],
    ids=[
        "refused by the user",
        "already there",
        "old glibc",
        "another libc",
        "always on",
        "never",
        "unknown",
    ],
)
def test_nothing_happens_elsewhere(variables, libc, kernel):
    assert not huge_pages.wanted(variables, libc, kernel)


@pytest.mark.skipif(
    not huge_pages.wanted({}, platform.libc_ver(), huge_pages.kernel_setting()),
    reason="this machine has no huge pages that must be asked for",
)
def test_a_program_starts_anew_with_its_arguments():
    program = (
        "import os, sys; from jaxunlearn.process import huge_pages; print('started', flush=True); "
        "huge_pages.start_anew(); print(os.environ['GLIBC_TUNABLES'], sys.argv[1:])"
    )
    variables = {name: value for name, value in environment().items() if name != huge_pages.VARIABLE}
    found = subprocess.run(
        [sys.executable, "-c", program, "two words", "--flag"],
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.splitlines() == [
        "started",
        "started",
        f"{huge_pages.WORD} ['two words', '--flag']",
    ]
