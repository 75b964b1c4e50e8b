"""GUIDE's ablations: rows of Tables 1, 2 and 4, Table 3, and Figure 9.

    jaxunlearn unlearn --seed 7 --config configs/guide/ablations.py:heads,baseline
    jaxunlearn unlearn --seed 7 --config configs/guide/ablations.py:heads,alpha=0.5 --out runs/alpha-0.5
    jaxunlearn unlearn --model ffhq.safetensors --seed 7 --config configs/guide/ablations.py:paper,adjacent

| row | target | adjacent | global | |
| --- | --- | --- | --- | --- |
| baseline | mean | | | Tables 1 and 2, first row |
| extrapolated | extrapolated | | | second row |
| adjacent | extrapolated | yes | | third row |
| mean_global | mean | | yes | Table 4, second row |
| alpha=A | mean | up to A | | Table 3; 0 is no adjacency |
| distance=D | extrapolated, D from the mean | yes | yes | Figure 9 |
"""

import jaxunlearn


def get_config(argument: str = "paper,baseline"):
    """All settings; `argument` is "paper", "official" or "heads", a comma, and a row."""
    base, _, row = argument.partition(",")
    name, _, value = row.partition("=")
    config = jaxunlearn.preset(f"guide/{base}")
    if name in ("baseline", "mean_global", "alpha"):
        config.target.kind = "mean"
    if name in ("baseline", "extrapolated", "mean_global") or (name == "alpha" and float(value) == 0):
        config.pairs.num_adjacent = 0
    if name in ("baseline", "extrapolated", "adjacent", "alpha"):
        config.pairs.num_global = 0
    if name == "alpha":
        config.pairs.alpha_max = float(value)
    if name == "distance":
        config.target.distance = float(value)
    if name not in ("baseline", "extrapolated", "adjacent", "mean_global", "alpha", "distance"):
        raise ValueError(f"no row {row!r}; the text of this file lists them")
    return config
