"""Adapters on the command line: what `--adapter` and `--strength` change, and what is refused."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from PIL import Image

import legato_flax
from jaxunlearn.cli import main as cli
from jaxunlearn.errors import InputError
from jaxunlearn.models.adapters import OWNER, adapted
from jaxunlearn.models.generator import fingerprint_of, fingerprint_with_settings, load_generator
from jaxunlearn.reporting import remake
from jaxunlearn.training.storage.networks_of_run import models_again
from legato_flax import AdaptedGenerator, Adapters, AdaptersConfig
from tests.support.page_folders import begun
from tests.support.refused import refused

ONCE = ("render", "--model", "random", "--seeds", "1", "--resolution", "16")


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("adapter") / "adapter.safetensors", 0.2)


def written(path: Path, gain: float) -> Path:
    """Write adapters of the small generator, with drawn weights."""
    generator = load_generator("random")
    adapters = Adapters(AdaptersConfig.for_generator(generator.config, hidden=4), rngs=nnx.Rngs(0))
    graph, state = nnx.split(adapters)
    drawn = jax.tree.map(lambda x: x + gain * jnp.sin(jnp.arange(x.size)).reshape(x.shape), state)
    legato_flax.save(nnx.merge(graph, drawn), path, {OWNER: fingerprint_of(generator)})
    return path


def rendered(out: Path, *arguments: str) -> np.ndarray:
    assert cli.main([*ONCE, "--out", str(out), *arguments]) == 0
    return np.asarray(Image.open(out / "grid.png")).astype(float)


def test_render_takes_adapters_and_their_strength(tmp_path, adapter):
    plain = rendered(tmp_path / "plain")
    with_it = rendered(tmp_path / "with", "--adapter", str(adapter))
    none = rendered(tmp_path / "none", "--adapter", str(adapter), "--strength", "0")
    other = written(tmp_path / "other.safetensors", 0.3)
    both = rendered(tmp_path / "both", "--adapter", str(adapter), "--adapter", str(other))
    twice = ("--adapter", str(adapter), "--adapter", str(other))
    first_alone = rendered(tmp_path / "first", *twice, "--strength", "0")
    np.testing.assert_array_equal(none, plain)
    np.testing.assert_array_equal(first_alone, with_it)
    assert np.abs(with_it - plain).max() > 10
    assert np.abs(both - with_it).max() > 10


def test_a_file_of_another_generator_is_refused_in_one_line(adapter, capsys, tmp_path):
    out = ("--out", str(tmp_path / "out"))
    assert "belongs to another generator" in refused(capsys, "render", "--adapter", str(adapter), *out)
    asked = ("unlearn", "--seed", "7", "--method", "legato", "--adapter", str(adapter), *out)
    assert "belongs to another generator" in refused(capsys, *asked)
    asked = (*ONCE, "--strength", "0.5", *out)
    assert "--strength needs --adapter" in refused(capsys, *asked)
    asked = ("render", str(tmp_path), "--adapter", str(adapter))
    assert "cannot be used with RUN" in refused(capsys, *asked)
    asked = (*ONCE, "--adapter", str(tmp_path / "nothing.safetensors"), *out)
    assert "nothing.safetensors" in refused(capsys, *asked)
    asked = ("render", "--model", str(adapter), *out)
    assert "--adapter" in refused(capsys, *asked)
    assert not (tmp_path / "out").exists()


def test_the_models_of_a_run_have_the_adapters_that_it_started_with(tmp_path, adapter):
    folder = begun(tmp_path / "run", ("ada",), together=False)
    start = adapted(load_generator("random"), [adapter])
    request = json.loads((folder.path / "run.json").read_text())
    request |= {
        "model": "random",
        "adapters": [str(adapter)],
        "fingerprint": fingerprint_with_settings(start),
    }
    (folder.path / "run.json").write_text(json.dumps(request))
    assert isinstance(models_again(folder).generator, AdaptedGenerator)
    with pytest.raises(InputError, match=r"is not the generator that .* started from"):
        models_again(folder, adapters=[written(tmp_path / "other.safetensors", 0.3)])


def test_report_finds_adapters_that_moved(tmp_path, adapter, monkeypatch, capsys):
    folder = begun(tmp_path / "run", ("ada",), together=False)
    start = adapted(load_generator("random"), [adapter])
    request = json.loads((folder.path / "run.json").read_text())
    request |= {"model": "random", "adapters": [str(tmp_path / "gone.safetensors")]}
    request |= {"fingerprint": fingerprint_with_settings(start)}
    (folder.path / "run.json").write_text(json.dumps(request))
    folder.generator(0).touch()
    seen = []
    monkeypatch.setattr(remake, "finished", lambda folder, source: source)
    monkeypatch.setattr(remake, "write_pictures", lambda models, *_, **__: seen.append(models.adapters))
    assert "gone.safetensors" in refused(capsys, "report", str(folder.path))
    assert not seen
    assert cli.main(["report", str(folder.path), "--adapter", str(adapter)]) == 0
    assert seen == [(str(adapter),)]
    assert folder.report.exists()


def test_strength_has_limits(adapter, capsys):
    with pytest.raises(SystemExit):
        cli.main([*ONCE, "--adapter", str(adapter), "--strength", "1.6"])
    assert "not a number from 0 to 1.5" in capsys.readouterr().err
