"""SUGAR, Tables 1 and 2, N = 50: 50 people in one generator.

jaxunlearn unlearn --model ffhq.safetensors --latents 50.npz --config configs/sugar/n50.py --out runs/n50
jaxunlearn unlearn --seed 0-49 --config configs/sugar/n50.py:heads

13,000 steps of 12 pairs, 4 people each with two neighbours (1,000 epochs, as in the official scripts); the
argument is a preset of `jaxunlearn.methods.sugar.presets`: paper, official, heads, guide or guide_heads. Expected:
the official step of 5 pairs takes 0.9 s on an RTX 3090 (GUIDE's published 15 minutes for 1,000), which
makes this about 8 hours there; with :heads 720 steps.
"""

from jaxunlearn.methods.sugar import presets as sugar_presets


def get_config(argument: str = "paper"):
    """All settings; `argument` names the preset."""
    return sugar_presets.named(argument, people=50)
