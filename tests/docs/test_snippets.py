"""Examples of README and docs: Python runs, commands parse, and links lead somewhere."""

import ast
import importlib
import re
import sys
import types
from pathlib import Path
from unittest import mock

import pytest

import eg3d_flax
import jaxunlearn
from eg3d_flax import GeneratorConfig
from jaxunlearn.baking.settings import Baking
from jaxunlearn.cli.main import parse, parser
from jaxunlearn.cli.readers import read_config, step_of
from jaxunlearn.cli.unlearning.request import read_settings
from jaxunlearn.errors import InputError
from jaxunlearn.methods.config.check_config import check
from jaxunlearn.methods.config.declaration import ConfigDict, check_declared, default_config, flat
from jaxunlearn.methods.registry import METHODS, preset, preset_names
from jaxunlearn.photos.inversion.search import InversionSettings
from jaxunlearn.profiling.workload import PRESETS
from tests.support.docs_pages import PAGES, ROOT, anchors, blocks, commands, links
from tests.support.tiny_models import tiny_models

PYTHON = [block for page in PAGES for block in blocks(page) if block.language == "python"]
SHELL = [block for page in PAGES for block in blocks(page) if block.language in ("bash", "console")]
COMMANDS = re.findall(r"^    (\w+) ", parser().format_help(), re.MULTILINE)
LINKED = [*PAGES, *sorted(ROOT.glob("benchmarks/**/*.md")), ROOT / "jaxunlearn" / "zoo" / "MODELS.md"]

FAST = ("README.md", "docs/developers/add_a_method.md")
"""Pages whose examples run with the long tests; those of the others take minutes together."""

SLOW = ("docs/guides/many_people.md",)
"""Pages whose examples take a minute each, and show what tests of SUGAR do."""

SMALL = {
    "steps": 2,
    "log_every": 1,
    "images_every": 0,
    "checkpoint_every": 2,
    "optimiser.learning_rate": 1e-4,
    "evaluation.views": 2,
    "evaluation.album": 0,
    "evaluation.retained_people": 4,
    "evaluation.strangers": 4,
    "evaluation.frechet_samples": 4,
    "surrogates.epochs": 1,
    "surrogates.width": 2,
    "ewc.probes": 1,
}
"""What examples do not need more of to run; a method has some of these settings."""


def label(page: Path) -> str:
    return str(page.relative_to(ROOT))


def small_preset(name: str, people: int = 1) -> ConfigDict:
    """`jaxunlearn.preset` with fewer steps and pictures."""
    config = preset(name, people)
    known = flat(config)
    config.update_from_flattened_dict({key: value for key, value in SMALL.items() if key in known})
    return config


def run_page(page: Path) -> None:
    """Run the Python blocks of a page one after another in one namespace, as a program."""
    program = types.ModuleType("__main__")
    # Only `__main__` is put back: dropping what a page imports first would give later pages other classes.
    with pytest.MonkeyPatch.context() as patch, mock.patch.dict(METHODS):
        patch.setitem(sys.modules, "__main__", program)
        for block in blocks(page):
            if block.language == "python" and block.runs:
                code = "\n" * (block.line - 1) + block.code
                exec(compile(code, str(page), "exec"), program.__dict__)


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A folder of its own; `preset` and the search for latents with little to do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jaxunlearn, "preset", small_preset, raising=False)
    monkeypatch.setattr(
        "jaxunlearn.photos.inversion.plan.settings_for", lambda *_: InversionSettings(steps=1)
    )


def pages_with_python() -> list:
    """Pages with Python that runs; all are marked."""
    pages = sorted({block.page for block in PYTHON if block.runs})
    return [pytest.param(page, marks=marks_of(label(page)), id=label(page)) for page in pages]


def marks_of(page: str):
    """Return the marks of a page's test."""
    if page in FAST:
        return pytest.mark.long
    return pytest.mark.slow if page in SLOW else pytest.mark.must


@pytest.mark.parametrize("page", pages_with_python())
def test_python_examples_run(page, small, monkeypatch):
    """On tiny models in place of the bundled ones."""
    monkeypatch.setattr(jaxunlearn, "load_models", lambda name: tiny_models(), raising=False)
    run_page(page)


@pytest.mark.slow
def test_the_readme_runs_on_the_bundled_generator(small):
    run_page(ROOT / "README.md")


def test_most_python_examples_run():
    ran = [block for block in PYTHON if block.runs]
    assert len(ran) >= len(PYTHON) / 2
    assert ROOT / "README.md" in {block.page for block in ran}


def check_command(command: list[str]) -> None:
    """Check that a parser takes a command, and that its file in configs/ and its settings are right."""
    arguments = parse(command)
    if command[0] == "unlearn":
        bundled = arguments.model == "heads"
        model = GeneratorConfig.heads() if bundled else GeneratorConfig.ffhq512_128()
        read_settings(arguments, people=10, model=model)
    elif command[0] in ("bench", "compile"):
        step_of(arguments, PRESETS[arguments.preset])
    elif command[0] == "bake":
        check_declared(read_config(arguments.config, arguments.overrides, default_config(Baking)), Baking)
    elif "config" in arguments:  # of a run in a folder, which is taken for one of GUIDE
        check(read_config(arguments.config, arguments.overrides, preset("guide/heads")))


@pytest.mark.parametrize(
    "setting", ["target.kind=sweet", "steps=-3", "steps=many", "no_such=1", "surrogates.planes=1"]
)
def test_a_documented_setting_that_is_wrong_is_found(setting):
    with pytest.raises(InputError):
        check_command(["unlearn", "--seed", "7", f"--config.{setting}"])


def test_presets_of_the_bundled_model_look_in_other_photos_as_the_pages_say():
    albums = {name: preset(name, 10).evaluation.album for name in preset_names() if "heads" in name}
    assert {name for name, album in albums.items() if album == 4} == {"guide/heads", "legato/heads"}
    assert set(albums.values()) == {0, 4}
    metrics = (ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")
    assert "4 in its presets for one person, none (0) in those for many" in metrics


def test_kinds_of_targets_are_typed_as_the_guide_says():
    text = (ROOT / "docs" / "guides" / "many_people.md").read_text(encoding="utf-8")
    rows = re.search(r"\| `target\.kind` \|[^\n]*\n\| ---[^\n]*\n((?:\|[^\n]*\n)+)", text)
    assert rows is not None
    for row in rows[1].splitlines():
        kind, *others = re.findall(r"`([^`]+)`", row.split(" | ")[0])
        config = preset("sugar/heads", 10)
        config.target.kind = kind
        for text in others:
            name, _, value = text.removeprefix("--config.").partition("=")
            config.update_from_flattened_dict({name: value})
        check(config)


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{label(block.page)}:{block.line}")
def test_commands_parse(block, monkeypatch):
    monkeypatch.chdir(ROOT)
    for command in commands(block.code):
        check_command(command)


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{label(block.page)}:{block.line}")
def test_what_is_installed_and_exported_is_enough(block):
    """Where a block begins with an installation, its commands need no further extra and no further file."""
    extras = re.findall(r"(?:'\.|\.whl)\[([\w,]+)\]'", block.code)
    if not extras or "jaxunlearn" not in block.code:
        return
    if "jaxunlearn align" in block.code:
        assert "align" in ",".join(extras).split(",")
    if "--model" in block.code:
        text = block.page.read_text(encoding="utf-8")
        assert "JAXUNLEARN_MODELS" in block.code or "#which-networks-are-needed" in text


def requests_of_folders() -> list[tuple[str, str, str]]:
    """Folder, request and page of every run that pages begin; devices and their number are no part of it."""
    found = []
    for block in SHELL:
        for command in commands(block.code):
            values = vars(parse(command))
            if command[0] in ("unlearn", "bake", "demo") and values.get("out"):
                asked = {name: value for name, value in values.items() if name not in ("out", "mesh")}
                found.append((str(values["out"]), str(asked), f"{label(block.page)}:{block.line}"))
    for block in PYTHON:
        for folder in re.findall(r'workdir="([^"]+)"', block.code):
            lines = re.findall(r"people_from_.*|preset\(.*|config\.\w.* = .*", block.code)
            asked = sorted(line.split("  #")[0] for line in lines)
            found.append((folder, str(asked), label(block.page)))
    return found


def test_a_folder_of_a_run_means_the_same_run_on_all_pages(monkeypatch):
    """A folder with another run refuses the command."""
    monkeypatch.chdir(ROOT)
    begun: dict[str, tuple[str, str]] = {}
    for folder, asked, place in requests_of_folders():
        before, first = begun.setdefault(folder, (asked, place))
        assert asked == before, f"{place}: {folder} is another run in {first}"


def test_a_real_photo_goes_through_all_steps():
    page = ROOT / "docs" / "guides" / "one_real_photo.md"
    steps = [command[0] for block in SHELL if block.page == page for command in commands(block.code)]
    in_order = ["models", "convert", "align", "invert", "unlearn", "evaluate", "report", "convert"]
    assert list(dict.fromkeys(steps[:-1])) + steps[-1:] == in_order


def test_flags_for_gpus_are_those_of_the_measurement():
    measured = (ROOT / "benchmarks" / "gpu" / "prepare.sh").read_text(encoding="utf-8")
    flags = re.search(r'XLA_FLAGS="\$\{XLA_FLAGS:-([^}]+)\}"', measured)
    assert flags is not None
    speed = (ROOT / "docs" / "guides" / "speed.md").read_text(encoding="utf-8")
    assert f'export XLA_FLAGS="{flags[1]}"' in speed


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_in_help_parse(name, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit):
        parse([name, "--help"])
    examples = commands(capsys.readouterr().out.partition("\nexample")[2])
    assert examples
    for command in examples:
        check_command(command)


@pytest.mark.parametrize("page", LINKED, ids=label)
def test_links_lead_somewhere(page):
    for link in links(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.is_file(), f"{label(page)}: {link}: no such file"
        if anchor:
            assert anchor in anchors(target), f"{label(page)}: {link}: no such heading"


def test_pages_named_in_code_exist():
    for folder in ("jaxunlearn", "ports", "configs", "tools", "benchmarks", "examples"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".py", ".md"):
                for name in re.findall(
                    r"\bdocs/[\w/]+\.\w+\b(?! of NVlabs)", file.read_text(encoding="utf-8")
                ):
                    assert (ROOT / name).is_file(), f"{label(file)}: {name}: no such file"


def test_every_public_name_is_in_the_reference():
    text = (ROOT / "docs" / "reference" / "api.md").read_text()
    missing = [name for name in jaxunlearn.__all__ if f"jaxunlearn.{name}" not in text]
    assert not missing, f"docs/reference/api.md: {', '.join(missing)} missing"


def test_every_port_is_in_the_reference():
    """Sphinx lists the classes and functions in `__all__` of each."""
    text = (ROOT / "docs" / "reference" / "ports.md").read_text()
    for port in sorted(init.parent.name for init in (ROOT / "ports").glob("*/__init__.py")):
        assert f".. automodule:: {port}\n   :members:\n" in text, port
        module = importlib.import_module(port)
        others = [name for name in module.__all__ if not callable(getattr(module, name))]
        listed = re.findall(rf":: (\w+)\n   :module: {port}\n|:: {port}\.(\w+)\n", text)
        missing = set(others) - {constant or module for constant, module in listed}
        assert not missing, f"{port}: {', '.join(missing)} missing"


def test_a_generator_is_used_without_jaxunlearn(monkeypatch):
    """As the guide says; on a small generator, since the published one is not here."""
    page = ROOT / "docs" / "guides" / "your_own_weights.md"
    (block,) = [each for each in PYTHON if each.page == page and "read_checkpoint" in each.code]
    generator = tiny_models().generator
    monkeypatch.setattr(eg3d_flax, "read_checkpoint", lambda path: ({}, generator.config))
    monkeypatch.setattr(eg3d_flax, "from_torch", lambda state_dict, config: generator)
    for name in [name for name in sys.modules if name.partition(".")[0] == "jaxunlearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    program: dict = {}
    exec(block.code, program)
    side = generator.config.img_resolution
    assert program["out"].image.shape == (1, side, side, 3)


def test_every_public_name_is_listed_before_its_first_use():
    assert set(jaxunlearn.__all__) <= set(dir(jaxunlearn))


def test_the_picture_of_the_rooms():
    """Floors from the ground up, as `tests/test_house.py` has them."""
    picture = (ROOT / "docs" / "developers" / "architecture.svg").read_text()
    texts = re.findall(r'<text class="name" x="[\d.]+" y="([\d.]+)">(\w+)</text>', picture)
    heights = {name: float(y) for y, name in texts}
    order, annexes = house("ORDER"), house("ANNEXES")
    assert sorted(order, key=lambda name: -heights[name]) == list(order)
    assert set(heights) == {*order, *annexes, "ports"}
    for port in sorted(path.parent.name for path in (ROOT / "ports").glob("*/__init__.py")):
        assert port in picture, f"architecture.svg: {port} is missing"


def house(name: str):
    """A constant of `tests/test_house.py`."""
    tree = ast.parse((ROOT / "tests" / "test_house.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node).startswith(f"{name} = "):
            return ast.literal_eval(node.value)
    raise AssertionError(f"tests/test_house.py: no {name}")
