"""SUGAR (WACV 2026), Tables 1 and 2: N people in one generator.

    jaxunlearn unlearn --model ffhq.safetensors --latents ten.npz --config configs/sugar/paper.py:10
    jaxunlearn unlearn --model ffhq.safetensors --latents ten.npz --config configs/sugar/paper.py:10,official
    jaxunlearn unlearn --seed 0-9 --config configs/sugar/paper.py:10,heads
    jaxunlearn unlearn --seed 0-9 --config configs/sugar/paper.py:10,heads_adapters

| N | people a step | steps of 1,000 epochs | expected on an RTX 3090 | with heads: steps |
| --- | --- | --- | --- | --- |
| 1 | 1 | 1,000 | 0.15 hours | 120 |
| 5 | 2 | 3,000 | 1 hour | 300 |
| 10 | 4 | 3,000 | 2 hours | 300 |
| 20 | 4 | 5,000 | 3 hours | 600 |
| 50 | 4 | 13,000 | 8 hours | 720 |
| 100 | 4 | 25,000 | 15 hours | 920 |
| 200 | 4 | 50,000 | 30 hours | 2,000 |

Hours are extrapolated from GUIDE's published 15 minutes for 1,000 steps of 5 pairs, not measured.
"""

import jaxunlearn


def get_config(argument: str = "10"):
    """All settings; `argument` is N, and after a comma the preset: paper, official, heads, ..."""
    people, _, name = argument.partition(",")
    if not people.isdecimal():
        raise jaxunlearn.InputError(f"{argument!r}: begin with the number of people, such as 10 or 10,heads")
    return jaxunlearn.preset(f"sugar/{name or 'paper'}", people=int(people))
