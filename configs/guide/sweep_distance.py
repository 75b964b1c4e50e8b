"""Figure 9: GUIDE with another distance d of the extrapolated target; 0 is the mean face.

jaxunlearn unlearn --seed 7 --config configs/guide/sweep_distance.py:heads,0.5 --out runs/sweep_distance-0.5
jaxunlearn unlearn --model ffhq.safetensors --seed 7 --config configs/guide/sweep_distance.py:paper,30
"""

from jaxunlearn.methods.guide import presets


def get_config(argument: str = "paper,30"):
    """All settings; `argument` is the name of a preset, a comma, and d in its unit."""
    base, _, value = argument.partition(",")
    return presets.with_distance(presets.named(base), float(value))
