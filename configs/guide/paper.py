"""GUIDE (CVPR 2024) as its paper describes it: the last row of Tables 1 and 2.

On a released 512² generator; the paper's 1,000 steps took its authors 15 minutes on an RTX 3090.

    jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/paper.py
"""

import jaxunlearn


def get_config():
    """All settings; these are the paper's own numbers, the rest is in docs/reference/settings.md."""
    config = jaxunlearn.preset("guide/paper")
    config.steps = 1000
    config.target.kind = "extrapolated"  # Eq. 3
    config.target.distance = 30.0
    config.pairs.num_adjacent = 2  # Eq. 5 and 7
    config.pairs.alpha_max = 15.0
    config.pairs.num_global = 2  # Eq. 8
    config.terms.planes = 0.01  # Eq. 4
    config.terms.perceptual = 1.0
    config.terms.identity = 0.1
    config.optimiser.learning_rate = 1e-4
    return config
