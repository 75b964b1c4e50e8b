"""GUIDE as its official code runs, where that departs from the paper: sums, independent noise, the pivot.

jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/official.py
"""

from jaxunlearn.methods.guide import presets


def get_config():
    """All settings."""
    return presets.official()
