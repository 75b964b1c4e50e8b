"""What stands in two files stands there alike: pins of tools, version and licence."""

import configparser
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_hooks_use_the_pinned_tools():
    pins = dict(re.findall(r"^([\w-]+)==([\d.]+)", setup_cfg()["options.extras_require"]["test"], re.M))
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    used = [
        requirement.split("==") for hook in local["hooks"] for requirement in hook["additional_dependencies"]
    ]
    assert {name for name, _ in used} == {"ruff", "codespell", "pre-commit-hooks"}
    assert all(pins.get(name, version) == version for name, version in used), (pins, used)


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    metadata = setup_cfg()["metadata"]
    assert (citation["version"], citation["license"]) == (metadata["version"], metadata["license"])
    for entry in (citation, *citation["references"]):
        assert {"type", "title", "authors"} <= entry.keys()
        assert all(set(author) in ({"name"}, {"family-names", "given-names"}) for author in entry["authors"])
    assert [reference["notes"].split(";")[0] for reference in citation["references"]] == [
        "GUIDE",
        "SUGAR",
        "LEGATO",
        "EG3D",
    ]


@pytest.mark.parametrize(
    "target", ["setup", "lint", "types", "test", "test-long", "test-must", "test-slow", "docs", "demo"]
)
def test_make_lists_its_targets(target: str):
    assert re.search(rf"^{target}:.* ## \w", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)


def test_messages_say_how_to_install_from_the_checkout():
    """No index of packages has jaxunlearn, and somebody else may take the name."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "jaxunlearn").rglob("*.py")]
    assert not [text for text in texts if "jaxunlearn[" in text]
    named = {extra for text in texts for extra in re.findall(r"""\binstall\(["'](\w+)["']\)""", text)}
    assert {"align", "data", "heif", "tpu", "video"} <= named <= set(setup_cfg()["options.extras_require"])
