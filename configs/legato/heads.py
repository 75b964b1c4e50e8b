"""LEGATO on the bundled model.

jaxunlearn unlearn --seed 7 --config configs/legato/heads.py
"""

import jaxunlearn


def get_config():
    """All settings; lengths in latent space are in units of the model's median ‖w - w̄‖."""
    return jaxunlearn.preset("legato/heads")
