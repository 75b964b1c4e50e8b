"""The baseline of Tables 1 and 2, first row: towards the mean face, the local loss alone.

jaxunlearn unlearn --seed 7 --config configs/guide/baseline.py:heads
jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/baseline.py
"""

from jaxunlearn.methods.guide import presets


def get_config(base: str = "paper"):
    """All settings; `base` is "paper", "official" or "heads"."""
    return presets.baseline(presets.named(base))
