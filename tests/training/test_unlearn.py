"""A run from start to end: what is written, how it goes on, what it refuses."""

import dataclasses
import json

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxunlearn.attacks.attack_folder import AttackFolder
from jaxunlearn.errors import InputError, Interrupted
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.check_config import check
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.generator import initialise
from jaxunlearn.photos.people import People
from jaxunlearn.process import multihost
from jaxunlearn.reporting.sheets.sheet import SheetFolder
from jaxunlearn.sharding import make_mesh
from jaxunlearn.training import compiled_step
from jaxunlearn.training import unlearn as unlearning
from jaxunlearn.training.result import finished
from jaxunlearn.training.storage.checkpoints import Checkpoints
from jaxunlearn.training.storage.folder_forms import RunJson, TrainingJson
from jaxunlearn.training.storage.request import Request
from jaxunlearn.training.storage.run_dir import RunFolder
from jaxunlearn.training.unlearn import request_of, unlearn
from tests.support.same_run import assert_same_run
from tests.support.tiny_models import CONFIG, numbers, tiny_models, tiny_people
from tests.support.waiting import interrupted_when

STEPS = 6


def named(ws: np.ndarray) -> People:
    return People("five", ("seed 5",), ws, (5,))


def config(**changes) -> ConfigDict:
    made = presets.heads()
    made.update(steps=STEPS, log_every=1, images_every=0, checkpoint_every=2)
    made.optimiser.update(learning_rate=1e-3, schedule="constant")
    made.terms.planes = 0.1
    made.update_from_flattened_dict(changes)
    return made


def assert_equal(a, b) -> None:
    chex.assert_trees_all_equal(numbers(a), numbers(b))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run without interruption, with pictures."""
    folder = tmp_path_factory.mktemp("runs") / "whole"
    return unlearn(
        tiny_models(),
        named(tiny_people(1)),
        config(images_every=3),
        workdir=folder,
        progress=False,
    )


def test_what_a_run_leaves(whole):
    folder = whole.folder
    assert folder.finished()
    lines = folder.metrics()
    assert [line["step"] for line in lines] == list(range(1, STEPS + 1))
    local = [line["planes"][0] for line in lines]  # the one term in which nothing is random
    assert local[-1] < local[0]
    assert sorted(path.name for path in folder.images.iterdir()) == ["step000003.png", "step000006.png"]
    summary = json.loads((folder.path / "summary.json").read_text())
    assert summary["steps"] == STEPS
    assert summary.keys() <= TrainingJson.__annotations__.keys()
    assert min(summary["steps_per_second"], summary["compile_seconds"]) > 0
    assert summary["w_avg"] == {"origin": "the generator's"}
    assert folder.request.subjects == ("seed 5",)


def test_only_the_synthesis_network_changes(whole):
    before, after = nnx.state(tiny_models().generator), nnx.state(whole.generator)
    changed = {
        path[:2]
        for (path, a), (_, b) in zip(nnx.to_flat_state(before), nnx.to_flat_state(after), strict=True)
        if not np.array_equal(a[...], b[...])
    }
    assert changed == {("backbone", "synthesis")}


def test_a_finished_run_is_read_not_repeated(whole):
    again = unlearn(tiny_models(), named(tiny_people(1)), config(images_every=3), workdir=whole.folder.path)
    assert_equal(again.generator, whole.generator)
    assert_equal(finished(whole.folder).generator, whole.generator)
    np.testing.assert_array_equal(again.ws, whole.ws)


@pytest.fixture
def evaluated(tmp_path) -> RunFolder:
    """The folder of a finished run that was evaluated and attacked."""
    models, folder = tiny_models(), RunFolder(tmp_path / "evaluated")
    request = request_of(models, named(tiny_people(1)), None, (0,), shared=False)
    folder.begin(request, config(), tiny_people(1))
    folder.keep_targets(tiny_people(1), tiny_people(1))
    folder.checkpoints.mkdir()
    for step in (4, STEPS):
        (folder.checkpoints / str(step)).mkdir()
    folder.add_to_summary({"steps": STEPS, "loss": 0.5, "surrogate_losses": [0.1]})
    folder.add_to_summary({"forgotten": False, "people": {"0": {}}})
    folder.strengths.mkdir()
    cells = np.zeros((1, 1, 4, 4, 3), np.uint8)
    SheetFolder(folder.images).write("photos-0000", ["before"], [{"photo": 0}], cells)
    written = (folder.figures_file, folder.composed_file, folder.report, AttackFolder(folder.path).figures)
    for file in (*written, folder.generator(), folder.person_picture()):
        file.write_text("old")
    return folder


def test_a_run_of_the_same_numbers_with_other_settings_is_not_resumed(evaluated):
    models = tiny_models()
    other = initialise(dataclasses.replace(models.generator.config, box_warp=2.0))
    nnx.update(other, nnx.state(models.generator))
    chex.assert_trees_all_equal(numbers(other), numbers(models.generator))
    changed = dataclasses.replace(models, generator=other)
    assert changed.fingerprint != models.fingerprint
    with pytest.raises(InputError, match="is a run with fingerprint"):
        unlearn(changed, named(tiny_people(1)), config(), workdir=evaluated.path)


def test_a_run_that_takes_more_steps_drops_what_was_measured(evaluated, monkeypatch):
    """Before it prepares anything, so that whatever is there belongs to the generator that is there."""

    class Prepared(Exception):
        pass

    def prepare(*_, **__):
        raise Prepared

    monkeypatch.setattr(unlearning, "_prepare", prepare)
    with pytest.raises(Prepared):
        unlearn(tiny_models(), named(tiny_people(1)), config(steps=STEPS + 1), workdir=evaluated.path)
    assert not evaluated.finished()
    assert evaluated.summary == {"steps": STEPS, "loss": 0.5, "surrogate_losses": [0.1]}
    left = {path.name for path in evaluated.path.iterdir()} - {".lock"}
    assert left == {
        *("run.json", "latents.npz", "config.json", "summary.json"),
        *("checkpoints", "images", "generator"),
    }
    assert [path.name for path in evaluated.images.iterdir()] == [evaluated.person_picture().name]


@pytest.mark.parametrize("leads", [True, False])
def test_only_process_0_draws_bars(monkeypatch, leads):
    """Also those of what a method prepares, such as SUGAR's mapper and Fisher."""
    asked = []

    def prepare(*_, progress):
        asked.append(progress)
        raise InputError("prepared")

    monkeypatch.setattr(multihost, "leads", lambda: leads)
    monkeypatch.setattr(unlearning, "_prepare", prepare)
    with pytest.raises(InputError, match="prepared"):
        unlearn(tiny_models(), tiny_people(1), config())
    assert asked == [leads]


def test_only_the_process_that_writes_drops_a_result(evaluated):
    RunFolder(evaluated.path, writes=False).drop_result()
    assert evaluated.finished()
    assert "forgotten" in evaluated.summary


def doubled(module: nnx.Module) -> nnx.Module:
    graph, state = nnx.split(module)
    return nnx.merge(graph, jax.tree.map(lambda x: 2 * x, state))


def test_networks_of_the_loss_with_other_weights(tmp_path, monkeypatch):
    """They have the same names."""
    monkeypatch.setattr(unlearning, "_known", lambda folder, *_: folder)
    models, folder = tiny_models(), tmp_path / "run"
    identity = nnx.split(doubled(nnx.merge(models.identity.graph, models.identity.state)))[1]
    other = {
        "perceptual": dataclasses.replace(models, perceptual=doubled(models.perceptual)),
        "identity": dataclasses.replace(
            models, identity=dataclasses.replace(models.identity, state=identity)
        ),
    }
    unlearn(models, named(tiny_people(1)), config(), workdir=folder)
    for name, changed in other.items():
        with pytest.raises(InputError, match=f"is a run with {name}_sha256"):
            unlearn(changed, named(tiny_people(1)), config(), workdir=folder)


def test_fewer_steps_than_a_run_has_taken(evaluated):
    """Nothing is written: the folder keeps its settings."""
    with pytest.raises(InputError, match=rf"at step {STEPS} already, but config.steps is {STEPS - 1}"):
        unlearn(tiny_models(), named(tiny_people(1)), config(steps=STEPS - 1), workdir=evaluated.path)
    assert evaluated.config.steps == STEPS
    assert evaluated.finished()


def test_a_run_from_before_there_was_a_setting_resumes_with_its_default(tmp_path):
    folder = RunFolder(tmp_path / "run")
    people, settings = named(tiny_people(1)), config()
    request = request_of(tiny_models(), people, None, (0,), shared=False)
    folder.begin(request, settings, people.ws)
    older = json.loads((folder.path / "config.json").read_text())
    del older["terms"]["planes"], older["target"]["share"], older["evaluation"]
    (folder.path / "config.json").write_text(json.dumps(older))
    with pytest.raises(InputError, match=r"is a run with config\.terms\.planes 0\.01, not 0\.1"):
        folder.begin(request, settings, people.ws)
    settings.terms.planes = 0.01
    folder.begin(request, settings, people.ws)
    (folder.path / "config.json").write_text(json.dumps(older))
    check(folder.config)  # as `evaluate` does
    assert folder.config.target.share == 0.5


def test_more_rays_than_super_resolution_takes(tmp_path):
    side = CONFIG.neural_rendering_resolution // 2
    enlarging = dataclasses.replace(
        CONFIG,
        superresolution_module="4X",
        sr_input_resolution=side,
        sr_channels=(8, 4),
        neural_rendering_resolution=side,
    )
    models = dataclasses.replace(tiny_models(), generator=initialise(enlarging))
    people = np.ones((1, enlarging.num_ws, enlarging.w_dim), np.float32)
    with pytest.raises(InputError, match=r"config\.rendering\.rays is 17, but .*\(4X\) takes at most 16"):
        unlearn(models, people, config(**{"rendering.rays": side + 1}), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.must
def test_interrupted_and_resumed_is_the_same_bit_for_bit(tmp_path, whole):
    """SIGINT in the middle saves; the same call goes on; nothing is logged twice."""
    folder = RunFolder(tmp_path / "run")
    with (
        pytest.raises(Interrupted, match="The same command resumes it"),
        interrupted_when(folder.metrics),
    ):
        unlearn(tiny_models(), tiny_people(1), config(steps=2000), workdir=folder.path, progress=False)
    at = folder.metrics()[-1]["step"]
    assert at < 2000
    assert not folder.finished()
    with pytest.raises(InputError, match="not finished"):
        finished(folder)
    resumed = unlearn(
        tiny_models(), tiny_people(1), config(steps=at + 3), workdir=folder.path, progress=False
    )
    straight = unlearn(tiny_models(), tiny_people(1), config(steps=at + 3), progress=False)
    assert_equal(resumed.generator, straight.generator)
    assert [line["step"] for line in folder.metrics()] == list(range(1, at + 4))


@pytest.mark.must
def test_a_lost_tail_is_taken_again(tmp_path, whole):
    """As after a crash between two checkpoints: logged steps without a checkpoint are taken again."""
    folder = RunFolder(tmp_path / "run")
    unlearn(tiny_models(), tiny_people(1), config(steps=4), workdir=folder.path, progress=False)
    for file in (folder.path / "generator").iterdir():
        file.unlink()
    newest = max(folder.checkpoints.iterdir(), key=lambda path: int(path.name))
    newest.rename(tmp_path / "lost")
    resumed = unlearn(tiny_models(), tiny_people(1), config(), workdir=folder.path, progress=False)
    assert_equal(resumed.generator, whole.generator)
    assert [line["step"] for line in folder.metrics()] == list(range(1, STEPS + 1))


@pytest.mark.must
def test_cut_off_before_the_weights_were_written(tmp_path, whole):
    folder = RunFolder(tmp_path / "run")
    unlearn(tiny_models(), tiny_people(1), config(), workdir=folder.path, progress=False)
    folder.generator().unlink()
    resumed = unlearn(tiny_models(), tiny_people(1), config(), workdir=folder.path, progress=False)
    assert_equal(resumed.generator, whole.generator)
    assert (resumed.summary["steps"], resumed.summary["diverged"]) == (STEPS, [])


@pytest.mark.must
def test_a_falling_learning_rate(tmp_path):
    """It reaches 0 at the last step, so that more steps would be another run."""
    falling = {"steps": 2, "optimiser.schedule": "cosine"}
    unlearn(tiny_models(), tiny_people(1), config(**falling), workdir=tmp_path / "run", progress=False)
    with pytest.raises(InputError, match=r"config\.steps 2, not 3"):
        unlearn(tiny_models(), tiny_people(1), config(**falling | {"steps": 3}), workdir=tmp_path / "run")
    rates = from_config.adam(config(**falling)).transformation()
    moments, moved = rates.init(jnp.ones(())), []
    for _ in range(3):
        update, moments = rates.update(jnp.ones(()), moments)
        moved.append(-np.asarray(update))
    np.testing.assert_allclose(moved, [1e-3, 5e-4, 0.0], rtol=1e-5, atol=1e-9)


@pytest.mark.must
def test_the_last_checkpoint_and_the_best_are_kept(tmp_path):
    """With a learning rate of 0 the loss of a step depends on nothing but its pairs."""
    still = config(**{"optimiser.learning_rate": 0.0, "checkpoint_every": 1, "checkpoints_kept": 1})
    folder = RunFolder(tmp_path / "run")
    unlearn(tiny_models(), tiny_people(1), still, workdir=folder.path, progress=False)
    best = min(folder.metrics(), key=lambda line: line["loss"])["step"]
    assert best < STEPS
    assert {int(path.name) for path in folder.checkpoints.iterdir()} == {best, STEPS}
    with Checkpoints(folder.checkpoints, keep=1) as checkpoints:
        assert checkpoints.latest == STEPS


def assert_alike(a, b) -> None:
    assert_same_run(numbers(a), numbers(b), learning_rate=1e-3, steps=STEPS)


@pytest.mark.must
def test_people_in_turn_are_people_alone(whole):
    """On a CPU all copies take the program of one: everybody gets the very same numbers, compiled once."""
    people, before = tiny_people(2), compiled_step._compiled.cache_info().misses
    in_turn = unlearn(tiny_models(), people, config(), progress=False)
    alone = unlearn(tiny_models(), people[1], config(), numbers=(1,), progress=False)
    assert_equal(in_turn.generators[1], alone.generator)
    assert_alike(in_turn.generators[0], whole.generator)
    assert compiled_step._compiled.cache_info().misses == before


@pytest.mark.slow
@pytest.mark.parametrize("mesh", [None, (1, 1)], ids=["program by program", "in a loop"])
@pytest.mark.parametrize("at_once", [1, 2])
def test_copies_in_groups(whole, at_once, mesh):
    """Compiled at level 0, as faster tests are, a rendering in a loop is wrong (XLA of JAX 0.10.2)."""
    mesh = mesh and make_mesh(*mesh)
    settings = config(copies_at_once=at_once)
    in_groups = unlearn(tiny_models(), tiny_people(3), settings, mesh=mesh, progress=False)
    assert_alike(in_groups.generators[0], whole.generator)
    alone = unlearn(tiny_models(), tiny_people(3)[2], config(), numbers=(2,), progress=False)
    assert_alike(in_groups.generators[2], alone.generator)


@pytest.mark.must
def test_people_side_by_side_are_people_alone(whole):
    together = unlearn(tiny_models(), tiny_people(2), config(copies_at_once=2), progress=False)
    assert_alike(together.generators[0], whole.generator)
    assert len(together.ws) == len(together.generators) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "config.steps must be a whole number from 1 to 10000000, not 0"),
        ({"steps": -3}, "config.steps must be a whole number from 1"),
        ({"target.kind": "nearest"}, "config.target.kind is 'nearest'"),
        ({"pairs.alpha_max": float("nan")}, "config.pairs.alpha_max"),
    ],
)
def test_settings_that_make_no_sense(tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        unlearn(tiny_models(), tiny_people(1), config(**changes), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_latents_that_do_not_fit():
    with pytest.raises(InputError, match="do not fit this generator"):
        unlearn(tiny_models(), tiny_people(1)[..., :-1], config())
    with pytest.raises(InputError, match="NaN"):
        unlearn(tiny_models(), tiny_people(1) * np.nan, config())
    with pytest.raises(InputError, match=r"^latents must be an array of numbers, not 'seed 7'$"):
        unlearn(tiny_models(), "seed 7", config())  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^latents must be an array of numbers, not \[\[1, 2\], \[3\]\]$"):
        unlearn(tiny_models(), [[1, 2], [3]], config())  # type: ignore[arg-type]


@pytest.mark.parametrize("rounded", [np.asarray, np.float16, lambda mean: np.nextafter(mean, np.float32(9))])
def test_nothing_leads_away_from_the_mean_face_but_rounding(rounded):
    mean = np.broadcast_to(tiny_models().w_avg, tiny_people(1).shape)
    with pytest.raises(InputError, match="mean face itself"):
        unlearn(tiny_models(), rounded(mean), config())


def test_a_config_is_what_a_preset_returns():
    with pytest.raises(InputError, match=r"^a config must be a ConfigDict, .* returns it, not dict$"):
        unlearn(tiny_models(), tiny_people(1), config().to_dict())


def test_latents_found_again_need_not_agree_in_the_last_bits(whole):
    """A photo inverted twice on a GPU; the run goes on with those that it began with."""
    nearly = tiny_people(1) * (1 + 1e-6)
    again = unlearn(tiny_models(), named(nearly), config(), workdir=whole.folder.path)
    np.testing.assert_array_equal(again.ws, whole.ws)
    assert not np.array_equal(again.ws, nearly)


def test_a_folder_of_something_else(tmp_path, whole):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        unlearn(tiny_models(), tiny_people(1), config(), workdir=tmp_path)
    with pytest.raises(InputError, match="not the folder of a run"):
        _ = RunFolder(tmp_path).request
    path = whole.folder.path
    with pytest.raises(InputError, match="other latents"):
        unlearn(tiny_models(), named(tiny_people(1) + 1), config(), workdir=path)
    legato = preset("legato/heads")
    legato.steps = STEPS
    with pytest.raises(InputError, match=r"config\.method 'guide', not 'legato'"):  # it has adapters besides
        unlearn(tiny_models(), named(tiny_people(1)), legato, workdir=path)
    with pytest.raises(InputError, match=r"config\.seed 0, not 3"):
        unlearn(tiny_models(), named(tiny_people(1)), config(seed=3), workdir=path)
    falling = config(steps=STEPS + 1, **{"optimiser.schedule": "cosine"})
    with pytest.raises(InputError, match=r"config\.optimiser\.schedule 'constant', not 'cosine'"):
        unlearn(tiny_models(), named(tiny_people(1)), falling, workdir=path)
    other = dataclasses.replace(tiny_models(), identity=tiny_models().judge)
    with pytest.raises(InputError, match="identity 'loss', not 'judge'"):
        unlearn(other, named(tiny_people(1)), config(), workdir=path)


def test_numbers_of_copies(evaluated):
    """They belong to the run: what a copy draws depends on its number."""
    with pytest.raises(InputError, match="2 numbers for 1 people"):
        unlearn(tiny_models(), named(tiny_people(1)), config(), numbers=(0, 1))
    for number in (0.5, -1, 2**31):
        with pytest.raises(InputError, match=r"^numbers must be whole numbers from 0 to 2147483647, not "):
            unlearn(tiny_models(), named(tiny_people(1)), config(), numbers=[number])  # type: ignore[list-item]
    with pytest.raises(InputError, match=r"is a run with numbers \(0,\), not \(5,\)"):
        unlearn(tiny_models(), named(tiny_people(1)), config(), workdir=evaluated.path, numbers=(5,))


def test_images_that_are_too_small_for_lpips_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"^config\.rendering\.rays is 16, .* takes at least 31"):
        unlearn(tiny_models(), tiny_people(1), config(**{"rendering.rays": 16}), workdir=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("mesh", [None, make_mesh(1, 1)])
def test_a_mesh_that_leaves_a_process_out(monkeypatch, mesh):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(InputError, match="2 processes: give a mesh with devices of each, such as --mesh 1x"):
        unlearn(tiny_models(), tiny_people(1), config(), mesh=mesh)


def test_a_folder_keeps_every_field_of_its_request():
    fields = {field.name for field in dataclasses.fields(Request)}
    assert RunJson.__required_keys__ == {"format", "version", "together", *fields} - {"shared"}
    assert not RunJson.__optional_keys__


def test_a_run_of_another_version(tmp_path):
    (tmp_path / "run.json").write_text(json.dumps({"format": 99, "version": "7.0"}))
    with pytest.raises(InputError, match=r"written by jaxunlearn 7\.0 in format 99"):
        _ = RunFolder(tmp_path).request


def test_a_loss_that_diverges(tmp_path):
    """One line, and the folder keeps what was saved before."""
    with pytest.raises(InputError, match=r"no longer finite; lower config\.optimiser"):
        unlearn(tiny_models(), 1e25 * tiny_people(1), config(), workdir=tmp_path / "run")
