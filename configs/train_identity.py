"""The bundled identity networks, `jaxunlearn/zoo/identity_judge.safetensors` and `identity_loss.safetensors`.

Additive angular margin between photographs of people rendered by `jaxunlearn.heads`, softmax alone at first.
The two networks start from different seeds and never see the same people; neither knows z. On one core of a
shared two-core machine: about 25 minutes for the judge, 15 for the other one.

    python tools/train_identity.py --config configs/train_identity.py:judge --workdir runs/judge
    python tools/train_identity.py --config configs/train_identity.py:loss --workdir runs/loss
    python tools/evaluate_identity.py --network runs/judge/identity.safetensors
"""

from typing import Any

import ml_collections

ROLES = {
    "judge": {"name": "heads identity judge", "seed": 0, "first": 0, "steps": 640},
    "loss": {"name": "heads identity loss", "seed": 1, "first": 2048, "steps": 440},
}


def get_config(role: str = "judge") -> ml_collections.ConfigDict:
    """All settings of a role; `--config.steps=500` and the like change them."""
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; there are {', '.join(ROLES)}")
    config: Any = ml_collections.ConfigDict()
    config.name = ROLES[role]["name"]
    config.seed = ROLES[role]["seed"]
    config.network = ml_collections.ConfigDict()
    config.network.units = (1, 1, 1, 1)
    config.network.channels = (16, 48, 96, 128)
    config.network.stem_channels = 8
    config.network.squeeze_excite = False
    config.network.input_size = 64
    config.network.embedding_size = 128

    config.data = ml_collections.ConfigDict()
    config.data.people = 2048
    config.data.first = ROLES[role]["first"]
    config.data.held_out = 256
    config.data.views = 12
    config.data.seed = 0
    config.data.folder = "runs/photographs"  # 1.5 GB for both roles; empty: render again for every start
    config.data.workers = 2

    config.batch = ml_collections.ConfigDict()
    config.batch.people = 32  # two photographs of each
    config.distortion = ml_collections.ConfigDict()
    config.distortion.zoom = 0.06
    config.distortion.shift = 2.0
    config.distortion.blur = (0.3, 1.4)
    config.distortion.gain = 0.1
    config.distortion.offset = 0.1

    config.steps = ROLES[role]["steps"]
    config.scale = 16.0
    config.margin = ml_collections.ConfigDict()
    config.margin.radians = 0.2
    config.margin.start = 0.4  # of all steps
    config.margin.full = 0.7
    config.clip = 5.0
    config.rate = ml_collections.ConfigDict()
    config.rate.peak = 2e-3
    config.rate.warmup = 0.03  # of all steps
    config.rate.final = 0.02

    config.log_every = 20
    config.evaluate_every = 80
    config.evaluate_people = 64
    config.checkpoint_minutes = 3.0
    return config
