"""LEGATO as its official code runs, with what looks like its slips: for parity, not recommended.

jaxunlearn unlearn --model ffhq.safetensors --seed 7 --config configs/legato/official.py
"""

import jaxunlearn


def get_config():
    """All settings."""
    config = jaxunlearn.preset("legato/official")
    config.adapters.first = "inert"
    config.trajectory.resolution = 128
    config.trajectory.last_increment = 1.0
    return config
