"""The full-size generator, `ffhqrebalanced512-128`, at its real size."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from eg3d_flax import Compute, GeneratorConfig, Jitter, from_torch
from tests.support.golden import ROOT, golden
from tests.support.layouts import nchw, pool8

pytestmark = pytest.mark.parity

CASE = golden("eg3d", "triplane_full")


@pytest.mark.must
def test_image_at_512():
    full = json.loads((ROOT / "eg3d" / "full_state_dict.json").read_text())
    shapes = {tensor["name"]: tensor["shape"] for tensor in full["tensors"]}
    config = GeneratorConfig.from_official(CASE.entry["constructor_args"], neural_rendering_resolution=128)
    generator = from_torch(CASE.weights(shapes), config)
    jitter: Jitter = {
        "coarse": jnp.asarray(CASE.input("render.jitter_coarse")),
        "fine": jnp.asarray(CASE.input("render.u_fine"))[None],
    }
    c = jnp.asarray(CASE.input("c"))
    compute = Compute(ray_chunk=4096)
    out = jax.jit(lambda ws: generator.synthesis(ws, c, "const", jitter=jitter, compute=compute))(
        jnp.asarray(CASE.input("ws"))
    )
    image = nchw(out.image)
    CASE.check("image_raw", nchw(out.image_raw))
    CASE.check("image_depth", nchw(out.image_depth))
    CASE.check("image.crop", image[:, :, 224:288, 224:288])
    CASE.check("image.pool8", pool8(image))
    CASE.check("image.mean", image.mean((2, 3), dtype=np.float64))
    CASE.check("image.std", image.std((2, 3), dtype=np.float64))
