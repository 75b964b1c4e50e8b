"""A loss term is one entry: setting, step, log, bar and operations follow from it."""

import json
import subprocess
import sys
import textwrap

import jax.numpy as jnp
import numpy as np
import pytest

from jaxunlearn.methods.losses import TERMS, planes_distance, preserving, term_weights
from tests.support.programs import environment

PROGRAM = """
import json, sys
import jax.numpy as jnp
from jaxunlearn.methods import losses

losses.TERMS["brightness"] = losses.LossTerm(
    lambda ours, wanted, _: jnp.square(jnp.mean(ours.image, (1, 2, 3)) - jnp.mean(wanted.image, (1, 2, 3))),
    weight=0.25,
    preserves=True,
    looks_at="image",
    help="Weight of the squared difference in brightness.",
    flops=lambda networks, side: 3.0 * side**2,
)

from tests.support.tiny_models import tiny_models, tiny_people
from jaxunlearn.methods.registry import method_of, preset
from jaxunlearn.methods.config.declaration import declared
from jaxunlearn.profiling.by_part import step_flops
from jaxunlearn.training.unlearn import unlearn

config = preset("guide/heads")
config.update(steps=1, log_every=1, images_every=0)
result = unlearn(tiny_models(), tiny_people(1), config, workdir=sys.argv[1], progress=False)
print(json.dumps({
    "default": config.terms.brightness,
    "help": declared(method_of(config).declaration())["terms.brightness"].help,
    "part": "brightness" in step_flops.PARTS,
    "logged": result.folder.metrics()[0]["brightness"],
    "saved": result.folder.config.terms.brightness,
}))
"""


@pytest.mark.must
def test_a_new_term_is_one_entry(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), tmp_path / "run"],
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["default"] == told["saved"] == 0.25
    assert told["help"] == "Weight of the squared difference in brightness."
    assert told["part"]
    assert len(told["logged"]) == 6  # one local, two adjacent, three global pairs
    assert all(value > 0 for value in told["logged"][:3])  # the global ones agree in the first step


@pytest.mark.parametrize("shape", [(3,), (3, 4, 4, 2), (4, 4, 6)])
def test_planes_may_have_any_number_of_axes(shape):
    planes = jnp.ones((2, *shape)).at[1].set(3)
    np.testing.assert_array_equal(planes_distance(planes, jnp.zeros_like(planes)), [1, 9])


def test_weights_name_every_term():
    weights = term_weights(identity=0.5)
    assert tuple(weights) == tuple(TERMS)
    assert weights["identity"] == 0.5
    assert hash(weights) == hash(term_weights(identity=0.5))
    np.testing.assert_array_equal(list(preserving(weights).values()), [0.0, 1.0, 0.0])
    with pytest.raises(ValueError, match=r"unknown loss terms \['identiti'\]; there are planes"):
        term_weights(identiti=1.0)
