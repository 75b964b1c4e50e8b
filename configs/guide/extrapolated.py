"""Tables 1 and 2, second row: the baseline with the extrapolated target.

jaxunlearn unlearn --seed 7 --config configs/guide/extrapolated.py:heads
jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/extrapolated.py
"""

from jaxunlearn.methods.guide import presets


def get_config(base: str = "paper"):
    """All settings; `base` is "paper", "official" or "heads"."""
    return presets.extrapolated(presets.named(base))
