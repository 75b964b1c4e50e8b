"""A person at other strengths: pictures and similarities, and the sheet of a run's page."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from eg3d_flax import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.judges.choice import judge_of
from jaxunlearn.evaluation.strength import STRENGTHS, Shots, over_strengths
from jaxunlearn.limits import LARGEST_STRENGTH
from jaxunlearn.methods.config import check_config
from jaxunlearn.methods.legato import presets
from jaxunlearn.methods.sugar import presets as sugar_presets
from jaxunlearn.models.adapters import with_strengths
from jaxunlearn.models.cameras import conditioning_view, views
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.photos.people import People
from jaxunlearn.reporting.sheets.rendering import missing_sheets
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.reporting.sheets.strengths import write_strengths
from jaxunlearn.training.result import Result
from legato_flax import AdaptedGenerator, AdaptersConfig
from tests.support import compiled
from tests.support.page_folders import begun, finish
from tests.support.tiny_adapters import tiny_adapted
from tests.support.tiny_models import tiny_models, tiny_people

COMPUTE = Compute.for_platform("cpu")


@pytest.fixture(scope="module")
def generator() -> AdaptedGenerator:
    return tiny_adapted()


@pytest.mark.long
def test_similarities_at_each_strength(generator):
    models, ws = tiny_models(), tiny_people(3)
    source = models.generator
    renderer = Renderer(source, batch=4, compute=COMPUTE)
    c = np.asarray(views(source.config, np.array([-0.2, 0.2]), np.zeros(2)))
    frontal = np.asarray(conditioning_view(source.config))
    known = compiled.by_renderers()
    none, half, whole = over_strengths(
        renderer,
        generator,
        [judge_of(models.judge, "fixed", source.config)],
        person=Shots(np.repeat(ws[:1], 2, axis=0), c),
        others=Shots(ws[1:], np.repeat(frontal, 2, axis=0)),
        shown=Shots(ws[:1], frontal),
        batch=4,
        strengths=(0.0, 0.5, 1.0),
    )
    assert compiled.by_renderers() <= known + 2  # the source, and all strengths
    assert none.figures["judges"]["judge"] == pytest.approx(1, abs=1e-5)
    assert none.figures["others"] == pytest.approx(1, abs=1e-5)
    before = np.clip(renderer(jnp.asarray(ws[:1]), jnp.asarray(frontal)).image, -1, 1)
    np.testing.assert_allclose(none.images, before, atol=1e-4)

    def embedded(renderer: Renderer, ws: np.ndarray, c: np.ndarray) -> np.ndarray:
        images = np.clip(renderer(jnp.asarray(ws), jnp.asarray(c)).image, -1, 1)
        return np.asarray(models.judge.embed(jnp.asarray(images)))

    after = renderer.with_generator(generator)
    pairs = [embedded(each, np.repeat(ws[:1], 2, axis=0), c) for each in (renderer, after)]
    expected = float(np.mean(np.sum(pairs[0] * pairs[1], axis=-1)))
    assert whole.figures["judges"]["judge"] == pytest.approx(expected, abs=1e-4)
    pairs = [embedded(each, ws[1:], np.repeat(frontal, 2, axis=0)) for each in (renderer, after)]
    expected = float(np.mean(np.sum(pairs[0] * pairs[1], axis=-1)))
    assert whole.figures["others"] == pytest.approx(expected, abs=1e-4)
    assert np.abs(half.images - none.images).max() > 0.01
    assert np.abs(half.images - whole.images).max() > 0.01
    assert [each.figures["strength"] for each in (none, half, whole)] == [0.0, 0.5, 1.0]


def test_all_strengths_are_rendered_by_one_program(generator):
    first, *others = (nnx.split(each) for each in with_strengths(generator, STRENGTHS))
    for graph, state in others:
        assert graph == first[0]
        assert jax.tree.map(jnp.shape, state) == jax.tree.map(jnp.shape, first[1])


@pytest.mark.long
def test_the_sheet_has_a_picture_and_figures_for_each_strength(generator, tmp_path: Path):
    config = presets.heads()
    config.evaluation.views = 2
    people = People("ada", ("ada",), tiny_people(1))
    result = Result(people, tiny_people(1), (generator,), {}, None)
    sheets = SheetFolder(tmp_path)
    write_strengths(sheets, tiny_models(), result, config, 0, batch=4)
    sheet = sheets.read("strength-0000")
    assert sheet is not None
    assert sheet.images.shape == (1, len(STRENGTHS), 32, 32, 3)
    assert [column["strength"] for column in sheet.columns] == list(STRENGTHS)
    first, last = sheet.columns[0], sheet.columns[-1]
    assert first["judges"]["judge"] == pytest.approx(1, abs=1e-5)
    assert last["judges"]["judge"] < first["judges"]["judge"]
    assert not np.array_equal(sheet.images[0, 0], sheet.images[0, -1])


def test_a_run_without_its_strip_is_rendered_again(tmp_path: Path):
    of_guide = begun(tmp_path / "guide", ("ada",), together=False)
    finish(of_guide)
    assert missing_sheets(of_guide) == []
    of_legato = begun(tmp_path / "legato", ("ada", "bob"), together=False)
    config = presets.heads()
    (of_legato.path / "config.json").write_text(config.to_json())
    finish(of_legato)
    assert missing_sheets(of_legato) == ["strength-0000", "strength-0001"]


def test_all_strengths_of_a_page_are_ones_of_adapters_that_are_trained():
    """Nothing is refused only when the page is made."""
    config = presets.heads()
    config.adapters.update(step=0.01, end=6.6)
    check_config.check(config)
    AdaptersConfig((4,), end=STRENGTHS[-1] * config.adapters.end, step=config.adapters.step)
    config.adapters.end = 6.7
    with pytest.raises(
        InputError, match=r"config\.adapters\.end .* more than 1000 steps .* at strength 1\.5"
    ):
        check_config.check(config)
    assert (STRENGTHS[0], STRENGTHS[-1]) == (0, LARGEST_STRENGTH)


@pytest.mark.parametrize("trained", [True, False])
def test_adapters_that_people_share_have_a_strip_for_each(trained, tmp_path: Path):
    folder = begun(tmp_path / "run", ("ada", "bob"), together=True)
    config = sugar_presets.heads(2)
    config.adapters.trained = trained
    (folder.path / "config.json").write_text(config.to_json())
    finish(folder)
    assert missing_sheets(folder) == (["strength-0000", "strength-0001"] if trained else [])


def test_of_many_people_those_who_are_hardest_to_forget_have_a_strip(tmp_path: Path):
    folder = begun(tmp_path / "run", tuple("abcdef"), together=False)
    (folder.path / "config.json").write_text(presets.heads().to_json())
    finish(folder)
    first = [name for name in missing_sheets(folder) if name.startswith("strength")]
    assert first == ["strength-0000", "strength-0001", "strength-0002", "strength-0003"]
    people = {str(k): {"id": 0.1 * k, "forgotten": True} for k in range(6)}
    folder.add_to_summary({"people": people})
    hardest = [name for name in missing_sheets(folder) if name.startswith("strength")]
    assert hardest == ["strength-0002", "strength-0003", "strength-0004", "strength-0005"]
