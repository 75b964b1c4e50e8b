"""Table 3: towards the mean face, local and adjacency-aware loss, another α_max; 0 is no adjacency.

jaxunlearn unlearn --seed 7 --config configs/guide/sweep_alpha.py:heads,0.5 --out runs/sweep_alpha-0.5
jaxunlearn unlearn --model ffhq.safetensors --seed 7 --config configs/guide/sweep_alpha.py:paper,15
"""

from jaxunlearn.methods.guide import presets


def get_config(argument: str = "paper,15"):
    """All settings; `argument` is the name of a preset, a comma, and α_max in its unit."""
    base, _, value = argument.partition(",")
    return presets.with_alpha(presets.named(base), float(value))
