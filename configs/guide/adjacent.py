"""Tables 1 and 2, third row: the extrapolated target with the adjacency-aware loss, without the global one.

jaxunlearn unlearn --seed 7 --config configs/guide/adjacent.py:heads
jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/adjacent.py
"""

from jaxunlearn.methods.guide import presets


def get_config(base: str = "paper"):
    """All settings; `base` is "paper", "official" or "heads"."""
    return presets.adjacent(presets.named(base))
