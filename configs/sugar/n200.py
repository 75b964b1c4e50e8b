"""SUGAR, N = 200, the most that the abstract speaks of; it has no table: 200 people in one generator.

jaxunlearn unlearn --model ffhq.safetensors --latents 200.npz --config configs/sugar/n200.py --out runs/n200
jaxunlearn unlearn --seed 0-199 --config configs/sugar/n200.py:heads

50,000 steps of 12 pairs, 4 people each with two neighbours (1,000 epochs, as in the official scripts); the
argument is a preset of `jaxunlearn.methods.sugar.presets`: paper, official, heads, guide or guide_heads. Expected:
the official step of 5 pairs takes 0.9 s on an RTX 3090 (GUIDE's published 15 minutes for 1,000), which
makes this about 30 hours there; with :heads 2000 steps (guide_heads: 1000).
"""

from jaxunlearn.methods.sugar import presets as sugar_presets


def get_config(argument: str = "paper"):
    """All settings; `argument` names the preset."""
    return sugar_presets.named(argument, people=200)
