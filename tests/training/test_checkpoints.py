"""A folder of checkpoints by itself: what is said of damaged ones."""

import gc
import re
import shutil

import chex
import jax
import jax.numpy as jnp
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.registry import preset
from jaxunlearn.models.generator import split_generator
from jaxunlearn.training.step import State
from jaxunlearn.training.storage.checkpoints import Checkpoints
from tests.support.tiny_models import tiny_models


def tiny_state() -> State:
    """Return a state as runs of the tiny models have it."""
    weights = split_generator(tiny_models().generator).trainable
    moments = from_config.adam(preset("guide/heads")).transformation().init(weights)
    return State(weights, moments, jnp.zeros((), jnp.int32))


def test_a_cut_file_ends_in_a_line_that_says_what_to_do(tmp_path):
    """Files that Orbax does not need may be cut; for others it raises errors of many kinds."""
    state, whole = tiny_state(), tmp_path / "whole"
    with Checkpoints(whole, keep=2) as checkpoints:
        for step in (1, 2):
            checkpoints.save(step, state, 0.5)
    files = sorted(file.relative_to(whole) for file in whole.glob("2/**/*") if file.is_file())
    refused = {}
    for number, file in enumerate(files):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        content = (folder / file).read_bytes()
        (folder / file).write_bytes(content[: len(content) // 2])
        try:
            with Checkpoints(folder, keep=2) as checkpoints:
                chex.assert_trees_all_equal(checkpoints.restore(state), state)
        except InputError as error:
            refused[file.name] = str(error).removeprefix(str(folder))
        shutil.rmtree(folder)
    gc.collect()  # what Orbax left behind gives no warning, either
    assert {"metrics", "_METADATA"} < refused.keys()
    line = r"(/2)?: is damaged, or of another run \(.*\); remove .* to start from the one before"
    assert [message for message in refused.values() if not re.fullmatch(line, message)] == []


@pytest.mark.parametrize("error", [MemoryError(), jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED")])
def test_too_little_memory_is_no_damage(error, tmp_path, monkeypatch):
    state = {"a": jnp.ones(2)}
    with Checkpoints(tmp_path / "run", keep=1) as checkpoints:
        checkpoints.save(1, state, 0.5)

        def fail(*_, **__):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(checkpoints._manager, "restore", fail)
            with pytest.raises(type(error)):
                checkpoints.restore(state)
