"""GUIDE as its official code runs, where that departs from the paper: sums, independent noise, the pivot.

jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/official.py
"""

import jaxunlearn


def get_config():
    """All settings; the paper's, with what the code does otherwise."""
    config = jaxunlearn.preset("guide/paper")
    config.pairs.reduction = "sum"
    config.pairs.view = "step"
    config.pairs.pivot = "origin"
    config.rendering.noise_mode = "random"
    config.rendering.draws = "independent"
    config.evaluation.pivot = "origin"
    config.evaluation.fid_pixels = "uint8"
    return config
