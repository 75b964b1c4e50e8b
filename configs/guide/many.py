"""GUIDE extended to many people in one generator, SUGAR's baseline, as SUGAR's official scripts run it.

jaxunlearn unlearn --model ffhq.safetensors --latents ten.npz --config configs/guide/many.py:10
jaxunlearn unlearn --seed 0-9 --config configs/guide/many.py:10,many_heads
"""

import jaxunlearn


def get_config(argument: str = "10"):
    """All settings; `argument` is the number of people, and after a comma the preset: many or many_heads."""
    people, _, name = argument.partition(",")
    if not people.isdecimal():
        raise jaxunlearn.InputError(
            f"{argument!r}: begin with the number of people, such as 10 or 10,many_heads"
        )
    return jaxunlearn.preset(f"guide/{name or 'many'}", people=int(people))
