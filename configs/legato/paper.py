"""LEGATO on released generators of 512², as far as its paper's abstract tells.

jaxunlearn unlearn --model ffhq.safetensors --seed 7 --config configs/legato/paper.py
"""

import jaxunlearn


def get_config():
    """All settings; sizes and times of the adapters are the official code's."""
    config = jaxunlearn.preset("legato/paper")
    config.adapters.hidden = 256
    config.adapters.end = 1.6
    config.adapters.step = 0.4
    config.adapters.first = "active"
    config.trajectory.weight = 1.0
    config.trajectory.last_increment = 0.0
    return config
