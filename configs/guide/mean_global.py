"""Table 4, second row: towards the mean face, the local and the global preservation loss.

jaxunlearn unlearn --seed 7 --config configs/guide/mean_global.py:heads
jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/mean_global.py
"""

from jaxunlearn.methods.guide import presets


def get_config(base: str = "paper"):
    """All settings; `base` is "paper", "official" or "heads"."""
    return presets.mean_global(presets.named(base))
