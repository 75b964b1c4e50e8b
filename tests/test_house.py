"""Who may import whom: rooms below never import rooms above, and no module imports itself in a circle."""

import ast
import graphlib
from pathlib import Path

import pytest

from jaxunlearn.methods.registry import METHODS

ROOT = Path(__file__).parents[1]
ORDER = (
    "hall",
    "models",
    "methods",
    "photos",
    "training",
    "evaluation",
    "baking",
    "attacks",
    "reporting",
    "workflows",
    "cli",
)
"""Rooms from the ground up; the hall is `jaxunlearn/` itself with `files/` and `process/`."""

ANNEXES = {"profiling": "training", "zoo": "reporting"}
"""Rooms beside the house, and up to where they may import; of the rest only the command line imports them."""

ALLOWED = {
    # The people of the bundled generator are photographed anew; imported when that is asked for.
    ("jaxunlearn.evaluation.bundled_people.album", "zoo"),
    # The looks of its random people follow from their z: is any group of them lost more often?
    ("jaxunlearn.evaluation.bundled_people.groups", "zoo"),
}
BUILDS_ON = {
    # LEGATO's pairs are GUIDE's, with the weights of one more term.
    ("jaxunlearn.methods.legato.pairs", "guide"),
}
"""Modules of a method that import another method, and which."""

MOST_FILES = 12
MOST_LINES = 60
"""Of a function; longer ones are hard to take in at a glance."""


def modules() -> dict[str, Path]:
    found = {}
    for path in ROOT.glob("jaxunlearn/**/*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path, known: dict[str, Path], *, top_level: bool = False) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("jaxunlearn"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else node.module for name in names}
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("jaxunlearn")}
    return found


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in (*ORDER, *ANNEXES) else "hall"


def below(name: str) -> set[str]:
    if name in ANNEXES:
        return {*ORDER[: ORDER.index(ANNEXES[name]) + 1], name}
    return {*ORDER[: ORDER.index(name) + 1], *(ANNEXES if name == "cli" else ())}


@pytest.mark.parametrize("module", sorted(modules()))
def test_rooms_import_downwards(module: str):
    if module in ("jaxunlearn", "jaxunlearn.__main__", "jaxunlearn.process.entry"):
        return  # the public names and the command come from everywhere
    known = modules()
    above = {
        imported
        for imported in imports(known[module], known)
        if room(imported) not in below(room(module)) and (module, room(imported)) not in ALLOWED
    }
    assert not above, f"{module} is in {room(module)} and may not import {', '.join(sorted(above))}"


def test_no_module_imports_itself_in_a_circle():
    known = modules()
    graph = {module: imports(path, known, top_level=True) - {module} for module, path in known.items()}
    graph["jaxunlearn"] = {"jaxunlearn.errors"}
    graphlib.TopologicalSorter(graph).prepare()


def method_folder(module: str) -> str | None:
    """The folder of a method that a module lies in."""
    folders = {place.split(".")[2] for place in METHODS.values()}
    parts = module.split(".")
    return parts[2] if parts[:2] == ["jaxunlearn", "methods"] and {*parts[2:3]} & folders else None


def test_methods_import_no_other_method():
    """Whatever two of them need lies beside their folders, so that each can be read, and go, by itself."""
    known = modules()
    siblings = {
        (module, method_folder(imported))
        for module in known
        if method_folder(module)
        for imported in imports(known[module], known)
    }
    others = {pair for pair in siblings if pair[1] not in (None, method_folder(pair[0]))}
    assert others == BUILDS_ON


@pytest.mark.parametrize("folder", sorted({path.parent for path in modules().values()}), ids=str)
def test_a_folder_can_be_taken_in_at_a_glance(folder: Path):
    files = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= MOST_FILES, f"{folder}: {len(files)} files"


def test_functions_are_short():
    long = [
        f"{path.relative_to(ROOT)}: {node.name} has {(node.end_lineno or 0) - node.lineno + 1} lines"
        for folder in ("jaxunlearn", "ports", "tools", "configs", "examples")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno >= MOST_LINES
    ]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("port", sorted(path.name for path in (ROOT / "ports").iterdir() if path.is_dir()))
def test_ports_stand_alone(port: str):
    for path in (ROOT / "ports" / port).glob("*.py"):
        assert not imports(path, {}), f"{path} imports jaxunlearn"


def test_only_methods_ask_which_method_it_is():
    for module, path in modules().items():
        if room(module) == "methods":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                texts = {
                    part.value for part in (node.left, *node.comparators) if isinstance(part, ast.Constant)
                }
                assert texts.isdisjoint({"guide", "sugar", "legato"}), (
                    f"{path}:{node.lineno} asks which method it is"
                )
