"""The bundled generator of synthetic people, `jaxunlearn/zoo/heads.safetensors`.

Planes are regressed at known surface depth first, then images through volume rendering and super-resolution
(L1 + squared error + LPIPS-AlexNet), the points kept on. On one core of a shared two-core machine: about two
hours. Evaluated on people and views that training never saw:

    python tools/train_heads.py --config configs/train_heads.py --workdir runs/heads
    python tools/evaluate_heads.py runs/heads/generator.safetensors
"""

from typing import Any

import ml_collections

from eg3d_flax import GeneratorConfig


def get_config() -> ml_collections.ConfigDict:
    """All settings; `--config.batch.people=4` and the like change them."""
    config: Any = ml_collections.ConfigDict()
    config.seed = 0
    config.generator = ml_collections.ConfigDict(GeneratorConfig.heads().to_json())

    config.data = ml_collections.ConfigDict()
    config.data.people = 16384
    config.data.held_out = 256
    config.data.views = 4
    config.data.seed = 0
    config.data.folder = "runs/photographs"  # 1.7 GB; empty: render again for every start
    config.data.workers = 2

    config.batch = ml_collections.ConfigDict()
    config.batch.people = 8
    config.batch.views = 3
    config.batch.pixels = 384  # of each view, in the terms at points
    config.rendered_views = (
        1  # of each person, in the second phase, where an image costs as much as its planes
    )

    config.surface_steps = 5200
    config.volume_steps = 4300
    config.ema_decay = 0.998
    config.clip = 1.0
    config.rate = ml_collections.ConfigDict()
    config.rate.peak = 0.02  # of weights stored with unit variance
    config.rate.warmup = 100
    config.rate.volume_rate = 0.5
    config.rate.final = 0.03

    config.loss = ml_collections.ConfigDict()
    config.loss.surface = 0.5
    config.loss.squared = 2.0
    config.loss.solid = 0.15
    config.loss.empty = 0.3
    config.loss.raw = 0.5
    config.loss.lpips = 0.2

    config.log_every = 25
    config.evaluate_every = 500
    config.evaluate_people = 48
    config.checkpoint_minutes = 3.0
    return config
