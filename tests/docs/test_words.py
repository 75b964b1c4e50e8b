"""Words of the docs that must be those of the program, and files that they name."""

import importlib.util
import re
import types

import pytest

from eg3d_flax import GeneratorConfig
from jaxunlearn.methods.adapters_part import adapters_of
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of, preset, preset_names
from jaxunlearn.reporting.attacks.words import attack_lines
from jaxunlearn.reporting.page.terms import TERMS
from jaxunlearn.reporting.page.words import MEANINGS
from jaxunlearn.reporting.verdict import verdict, verdict_together
from legato_flax import check_official
from tests.support.docs_pages import ROOT
from tests.support.figures import of_person

PRINTED_ELSEWHERE = ("jaxunlearn/training/callbacks.py", "jaxunlearn/training/result.py")
"""Files that say of a run that it diverged."""


def program(name: str) -> types.ModuleType:
    """A program of `tools/`."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.mark.parametrize(("name", "page"), [("glossary_page", "glossary"), ("settings_table", "settings")])
def test_a_page_is_that_of_its_program(name, page):
    text = (ROOT / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
    assert text == program(name).page(), f"run python tools/{name}.py"


def test_the_glossary_explains_no_word_twice():
    assert not program("glossary_page").ONLY_HERE.keys() & {term.name for term in TERMS}


def test_figures_are_explained_as_on_the_pages_of_runs():
    text = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    rows = {
        row.split("`")[1]: row.strip("| ").split(" | ")[-1]
        for row in text.splitlines()
        if row.startswith("| `")
    }
    for name, meaning in MEANINGS.items():
        assert rows[name].lstrip("| ").startswith(meaning.split(";")[0]), name


def test_what_one_reads_before_turning_a_knob_is_printed():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    rows = re.search(r"\| You read \|[^\n]*\n\| ---[^\n]*\n((?:\|[^\n]*\n)+)", text)
    assert rows is not None
    words = re.findall(r'"([^"]+)"', "".join(row.split(" | ")[0] for row in rows[1].splitlines()))
    assert len(words) >= 8
    lost = {"others_lost": 0.5, "others_lost_counts": {"number": 24, "people": 48}}
    found = [
        of_person({"id": 0.9, "id_target": 0.8, "found": {"latent": True}}) | lost,
        of_person({"id": 0.9, "found": {"latent": True}}),
        of_person({"found": {"photos": True}}),
    ]
    together = found[0] | {"people": {str(k): each for k, each in enumerate(found)}}
    printed = [line for figures in found for line in verdict("ada", figures)]
    printed += verdict_together(("ada", "bea", "cleo"), together)
    printed += [(ROOT / name).read_text(encoding="utf-8") for name in PRINTED_ELSEWHERE]
    relearned = {
        "person": {"relearn_steps": 1, "more_than": None},
        "strangers": [{"relearn_steps": None, "more_than": 40}],
    }
    printed += attack_lines("ada", {"relearning": relearned})
    everything = "\n".join([*printed, "RESOURCE_EXHAUSTED"])  # the last is JAX's
    assert not [each for each in words if each not in everything]


def test_the_guide_says_whose_adapters_the_official_code_computes():
    text = (ROOT / "docs" / "guides" / "legato.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+/\w+)` \|.*\| (taken|refused): ?.*\|$", text, re.MULTILINE)
    configs = {name: preset(name) for name in preset_names()}
    with_adapters = [name for name, config in configs.items() if method_of(config).has_strength(config)]
    assert dict(rows).keys() == set(with_adapters)
    for name, answer in rows:
        asked = configs[name].adapters
        assert is_official(asked) == (answer == "taken"), name
        asked.update(first="inert", hidden=256)
        assert is_official(asked), "with what the guide advises"


def is_official(asked: ConfigDict) -> bool:
    """Return True if the official code computes adapters of these settings as we do."""
    try:
        check_official(adapters_of(asked, GeneratorConfig.ffhq512_128()))
    except ValueError:
        return False
    return True


def test_files_that_notice_names_exist():
    names = re.findall(
        r"\b(?:jaxunlearn|ports|tests)/[\w/.-]*\w/?", (ROOT / "NOTICE").read_text(encoding="utf-8")
    )
    assert len(names) > 5
    assert not [name for name in names if not (ROOT / name).exists()]
