"""The identity network that the eg3d goldens were made with."""

import functools

import numpy as np

import arcface_flax
from tests.support.golden import golden
from tests.support.perception_golden import weight


@functools.cache
def guide_identity_network(seed: int) -> arcface_flax.ArcFace:
    """IR-SE50 with the weights of the eg3d goldens, whose residual branches are scaled down at their end."""
    shapes = golden("eg3d", "idloss_128").entry["state_dict"]
    state = {name: weight(name, tuple(shape), seed) for name, shape in shapes.items()}
    for name in state:
        if name.startswith("body.") and name.endswith(".res_layer.4.weight"):
            state[name] *= np.float32(0.2)
    return arcface_flax.from_torch(state, "ir_se50")
