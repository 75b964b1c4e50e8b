"""GUIDE on the bundled model, what `jaxunlearn demo` runs: a minute or two on two CPU cores.

jaxunlearn unlearn --seed 7 --config configs/guide/heads.py
"""

from jaxunlearn.methods.guide import presets


def get_config():
    """All settings."""
    return presets.heads()
