"""`jaxunlearn.render`: people from every combination of yaw and pitch."""

import inspect
import tracemalloc

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxunlearn
from eg3d_flax import Compute
from jaxunlearn.images import to_uint8
from jaxunlearn.models.cameras import views
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.photos.people import People, people_from_seeds
from jaxunlearn.reporting.before_after import RunPictures, other_seeds
from jaxunlearn.reporting.report import write_run_report
from jaxunlearn.training.progress_picture import ProgressPicture
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from tests.support import compiled
from tests.support.tiny_models import CONFIG, tiny_models, tiny_people
from tests.support.tiny_sugar import tiny_sugar

SIDE = CONFIG.img_resolution
FITS = (1, CONFIG.num_ws, CONFIG.w_dim)


def test_a_row_for_each_person_a_column_for_each_view():
    ws = tiny_people(2)
    images = jaxunlearn.render(tiny_models(), ws, yaw=[-20, 0, 20], pitch=[0, 10], batch=6)
    assert (images.shape, images.dtype) == ((2, 6, SIDE, SIDE, 3), np.uint8)
    renderer = Renderer(tiny_models().generator, batch=6, compute=Compute.for_platform("cpu"))
    c = views(CONFIG, np.deg2rad([-20.0, 0, 20] * 2), np.deg2rad([0.0] * 3 + [10] * 3))
    for k in range(2):
        np.testing.assert_array_equal(
            images[k], to_uint8(renderer(jnp.repeat(ws[k : k + 1], 6, axis=0), c).image)
        )
    assert np.ptp(images[0, 0].astype(int) - images[0, 2]) > 0


def test_people_and_a_generator_are_taken_too():
    ws = tiny_people(1)
    people = People("ada", ("ada",), ws)
    images = jaxunlearn.render(tiny_models().generator, people, yaw=15)
    assert images.shape == (1, 1, SIDE, SIDE, 3)
    np.testing.assert_array_equal(images, jaxunlearn.render(tiny_models(), ws, yaw=[15.0]))


def test_another_number_of_latents_needs_no_compilation(caplog):
    renderer = Renderer(tiny_models().generator, batch=2, compute=Compute.for_platform("cpu"))
    c = views(CONFIG, np.linspace(-0.3, 0.3, 7), np.zeros(7))
    ws = jnp.asarray(tiny_people(7))
    first, *others = [(ws[:n], c[:n]) for n in (3, 4, 7)]
    images = renderer(*first).image
    with jax.log_compiles():
        for latents, cameras in others:
            np.testing.assert_array_equal(renderer(latents, cameras).image[:3], images)
    assert not [record for record in caplog.records if "XLA compilation" in record.getMessage()]


def test_pictures_after_a_run_are_compiled_already(tmp_path):
    """Those of its progress were rendered by the same program."""
    models, ws, compute = tiny_models(), tiny_people(2), Compute.for_platform("cpu")
    progress = ProgressPicture(models.generator, compute, tmp_path)
    progress.start(*ws)
    progress.save(1, models.generator)
    known = compiled.by_renderers()
    batch = inspect.signature(write_run_report).parameters["batch"].default
    result = Result(People("ada", ("ada",), ws[:1]), ws[1:], (models.generator,), {}, None)
    RunPictures(models.generator, result, compute, batch=batch).person(0)
    assert compiled.by_renderers() == known


def test_a_film_of_a_run_takes_little_more_than_its_frames():
    """Only images of one batch are float32, which takes four times the memory."""
    models, frames = tiny_models(), 50
    people = People("ada", ("ada",), tiny_people(1))
    result = Result(people, np.zeros_like(people.ws), (models.generator,), {}, None)
    pictures = RunPictures(models.generator, result, Compute.for_platform("cpu"))
    first = pictures.orbit(0, frames)  # compiled
    tracemalloc.start()
    film = pictures.orbit(0, frames)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert film.shape == (frames, SIDE, 3 * SIDE, 3)
    np.testing.assert_array_equal(film, first)
    assert most < 3 * film.nbytes


def test_nobody_who_was_forgotten_is_shown_among_other_people(tmp_path):
    models = tiny_models()
    folder = RunFolder(tmp_path)
    asked = Request("tiny", "", ("seed 1008",), "", "", "", shared=True, earlier_seeds=(1002, None))
    folder.begin(asked, tiny_sugar(), tiny_people(1))
    own, further = (
        Result(People("", ("",), tiny_people(1), (seed,)), tiny_people(1), (models.generator,), {}, place)
        for seed, place in ((1001, folder), (1003, None))
    )
    assert other_seeds(further) == [1001, 1002, *range(1004, 1010)]
    assert other_seeds(own) == list(range(1003, 1011))
    pictures = RunPictures(models.generator, own, Compute.for_platform("cpu"))
    assert pictures.other_seeds == list(range(1003, 1011))
    shown = pictures.other_people(0)[0]
    before = people_from_seeds(models, pictures.other_seeds)
    np.testing.assert_array_equal(shown, jaxunlearn.render(models, before, batch=5)[:, 0])


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 2, 3), {}, r"latents of shape \[1, 2, 3\] do not fit .* \[N, \d+, \d+\]"),
        ((0, CONFIG.num_ws, CONFIG.w_dim), {}, r"latents of shape \[0, "),
        (FITS, {"yaw": []}, "at least one yaw and one pitch"),
        (FITS, {"yaw": np.nan}, "^yaw and pitch must be finite, not nan and 0.0$"),
        (FITS, {"pitch": [0, np.inf]}, "^yaw and pitch must be finite"),
        (FITS, {"yaw": None}, "^yaw must be an array of numbers, not None$"),
        (FITS, {"pitch": "up"}, "^pitch must be an array of numbers, not 'up'$"),
        (FITS, {"batch": 2.5}, "^batch must be a whole number of at least 1, not 2.5$"),
        (FITS, {"batch": 0}, "^batch must be a whole number of at least 1, not 0$"),
        (FITS, {"batch": -1}, "^batch must be a whole number of at least 1, not -1$"),
        (FITS, {"resolution": 0}, "^resolution must be a whole number of at least 1, not 0$"),
        (FITS, {"resolution": -3}, "^resolution must be a whole number of at least 1, not -3$"),
    ],
)
def test_what_does_not_fit_is_refused(shape, options, message):
    with pytest.raises(ValueError, match=message):
        jaxunlearn.render(tiny_models(), np.zeros(shape, np.float32), **options)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_latents_that_are_not_finite_are_no_black_pictures(value):
    with pytest.raises(ValueError, match=r"^latents contain NaN or infinity$"):
        jaxunlearn.render(tiny_models(), np.full(FITS, value, np.float32))
