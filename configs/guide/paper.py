"""GUIDE (CVPR 2024) as its paper describes it: the last row of Tables 1 and 2.

On a released 512² generator; the paper's 1,000 steps took its authors 15 minutes on an RTX 3090.

    jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/paper.py
"""

from jaxunlearn.methods.guide import presets


def get_config():
    """All settings."""
    return presets.paper()
