"""GUIDE's ablations: rows of Tables 1 to 4, and Figure 9.

    jaxunlearn unlearn --seed 7 --config configs/guide/ablations.py:heads,baseline
    jaxunlearn unlearn --seed 7 --config configs/guide/ablations.py:heads,alpha=0.5 --out runs/alpha-0.5
    jaxunlearn unlearn --model ffhq.safetensors --seed 7 --config configs/guide/ablations.py:paper,adjacent

| row | target | adjacent | global | |
| --- | --- | --- | --- | --- |
| baseline | mean | | | Tables 1 and 2, first row |
| extrapolated | extrapolated | | | second row |
| adjacent | extrapolated | yes | | third row |
| guide | extrapolated | yes | yes | fourth row: all of GUIDE |
| mean_global | mean | | yes | Table 4, second row |
| alpha=A | mean | up to A | | Table 3; 0 is no adjacency |
| distance=D | extrapolated, D from the mean | yes | yes | Figure 9 |

`jaxunlearn reproduce` makes whole tables of these rows.
"""

import math

import jaxunlearn
from jaxunlearn.methods.guide.ablations import ABLATIONS, ablate


def get_config(argument: str = "paper,baseline"):
    """All settings; `argument` is "paper", "official" or "heads", a comma, and a row."""
    base, _, row = argument.partition(",")
    name, _, value = row.partition("=")
    rows = ", ".join(f"{each}=NUMBER" if parts.length else each for each, parts in ABLATIONS.items())
    if name not in ABLATIONS:
        raise jaxunlearn.InputError(f"{argument!r}: {row!r} is no row of GUIDE's tables; choose from {rows}")
    varies = bool(ABLATIONS[name].length)
    try:
        length = float(value) if varies else None
    except ValueError:
        length = math.nan
    if (value and not varies) or (length is not None and not math.isfinite(length)):
        raise jaxunlearn.InputError(f"{argument!r}: write one of {rows}")
    config = jaxunlearn.preset(f"guide/{base}")
    ablate(config, name, length)
    return config
