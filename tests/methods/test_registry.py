"""Methods by name: the class that is registered is the one that runs, and a wrong line is named."""

import sys
import types

import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.methods.guide.method import GuideMethod
from jaxunlearn.methods.registry import METHODS, method_of, named, preset
from tests.support.toy_method import ToyMethod

HERE = "tests.methods.test_registry"


class Inheriting(GuideMethod):
    """A method of its own with GUIDE's settings, which say `method` "guide"."""

    name = "mine"


@pytest.fixture
def notebook(monkeypatch):
    """A module whose classes may be edited, where the method "toy" is registered."""
    module = types.ModuleType("notebook")
    monkeypatch.setitem(sys.modules, "notebook", module)
    monkeypatch.setitem(METHODS, "toy", "notebook:Mine")
    return module


def test_a_method_with_the_settings_of_its_parent_does_not_run_as_its_parent(monkeypatch):
    monkeypatch.setitem(METHODS, "mine", f"{HERE}:Inheriting")
    message = r"preset mine/heads has config\.method 'guide', not 'mine'; give Inheriting a declaration"
    with pytest.raises(InputError, match=message):
        preset("mine/heads")
    with pytest.raises(InputError, match="preset mine/paper has"):  # as the command line asks
        named("mine").preset("paper", 1)


def test_a_method_with_the_name_of_its_parent_is_refused(monkeypatch):
    monkeypatch.setitem(METHODS, "other", f"{HERE}:Inheriting")
    with pytest.raises(InputError, match=r"METHODS\['other'\] is .*Inheriting', whose name is 'mine'"):
        preset("other/heads")


def test_an_edited_method_is_the_one_that_runs(notebook):
    class Edited(ToyMethod):
        label = "Edited"

    notebook.Mine = ToyMethod
    config = preset("toy/heads")
    assert method_of(config).label == "Toy"
    notebook.Mine = Edited
    assert method_of(config).label == "Edited"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("notebook:Mime", "but notebook has no class 'Mime'"),
        ("notebook", "but notebook has no class ''"),
        ("otherbook:Mine", "but there is no module 'otherbook'"),
        ("jaxunlearn.method.toy:Mine", "but there is no module 'jaxunlearn.method'"),
    ],
)
def test_a_misspelt_line_is_named(notebook, monkeypatch, place, message):
    monkeypatch.setitem(METHODS, "toy", place)
    with pytest.raises(InputError, match=rf"METHODS\['toy'\] is '{place}', {message}"):
        named("toy")


def test_a_module_that_a_method_needs_is_not_taken_for_its_own(tmp_path, monkeypatch):
    (tmp_path / "needy_method.py").write_text("import no_such_module_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(METHODS, "toy", "needy_method:Mine")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_at_all"):
        named("toy")
