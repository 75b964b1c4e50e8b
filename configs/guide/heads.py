"""GUIDE on the bundled model, what `jaxunlearn demo` runs with fewer steps.

jaxunlearn unlearn --seed 7 --config configs/guide/heads.py
"""

import jaxunlearn


def get_config():
    """All settings; lengths in latent space are in units of the model's median ‖w - w̄‖."""
    config = jaxunlearn.preset("guide/heads")
    config.steps = 300
    config.target.distance = 1.0
    config.pairs.alpha_max = 0.5
    config.pairs.num_global = 3
    config.pairs.lambda_adjacent = 4.0
    config.pairs.lambda_global = 30.0
    config.terms.planes = 0.003
    config.optimiser.learning_rate = 3.5e-3
    config.optimiser.schedule = "cosine"
    config.rendering.rays = 32
    return config
