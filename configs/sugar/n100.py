"""SUGAR, N = 100, between the last rows of Tables 1 and 2 and the abstract's 200, in one generator.

jaxunlearn unlearn --model ffhq.safetensors --latents 100.npz --config configs/sugar/n100.py --out runs/n100
jaxunlearn unlearn --seed 0-99 --config configs/sugar/n100.py:heads

25,000 steps of 12 pairs, 4 people each with two neighbours (1,000 epochs, as in the official scripts); the
argument is a preset of `jaxunlearn.methods.sugar.presets`: paper, official, heads, guide or guide_heads. Expected:
the official step of 5 pairs takes 0.9 s on an RTX 3090 (GUIDE's published 15 minutes for 1,000), which
makes this about 15 hours there; with :heads 920 steps.
"""

from jaxunlearn.methods.sugar import presets as sugar_presets


def get_config(argument: str = "paper"):
    """All settings; `argument` names the preset."""
    return sugar_presets.named(argument, people=100)
