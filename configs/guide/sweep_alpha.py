"""Table 3: towards the mean face, local and adjacency-aware loss, with another α_max; 0 is no adjacency.

    jaxunlearn unlearn --seed 7 --config configs/guide/sweep_alpha.py:heads,0.5 --out runs/sweep_alpha-0.5
    jaxunlearn unlearn --model ffhq.safetensors --latents person.npz --config configs/guide/sweep_alpha.py:paper,15
"""

from jaxunlearn import presets


def get_config(argument: str = "paper,15"):
    """All settings; `argument` is "paper", "official" or "heads", a comma, and α_max in the unit of that preset."""
    base, _, value = argument.partition(",")
    return presets.with_alpha(presets.named(base), float(value))
