"""The bundled identity networks: the judge, the face judge, and the network of the losses.

Additive angular margin (ArcFace, CVPR 2019) between photographs of rendered people; the margin is 0 at first.
The networks start from different seeds and never see the same people. None of them sees z. The face judge
sees everybody in somebody else's hair and glasses, and in others in every photograph.
Time on two cores of a shared machine: about 18 minutes for the judge, 17 for the network of the losses, 45
for the face judge alone (100 beside other work), and 10 minutes to render the data of each.

    python tools/train_zoo.py --config configs/zoo/identity.py:judge --workdir runs/judge
    python tools/train_zoo.py --config configs/zoo/identity.py:face --workdir runs/face
    python tools/train_zoo.py --config configs/zoo/identity.py:loss --workdir runs/loss
    python tools/evaluate_zoo_identity.py --network runs/judge/identity.safetensors
    python tools/bundle_zoo.py run runs/judge jaxunlearn/zoo/identity_judge.safetensors
"""

from typing import Any

import ml_collections

ROLES = {
    "judge": {
        "name": "heads identity judge",
        "seed": 0,
        "scenario": "identity",
        "first": 0,
        "steps": 640,
    },
    "loss": {
        "name": "heads identity loss",
        "seed": 1,
        "scenario": "identity",
        "first": 2048,
        "steps": 440,
    },
    "face": {
        "name": "heads face judge",
        "seed": 2,
        "scenario": "wigs",
        "first": 4096,
        "steps": 3000,
    },
}


def get_config(role: str = "judge") -> ml_collections.ConfigDict:
    """Return all settings of a role; `--config.steps=500` changes one of them."""
    if role not in ROLES:
        raise ValueError(f"no role {role!r}; choose from {', '.join(ROLES)}")
    config: Any = ml_collections.ConfigDict()
    config.task = "identity"
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
    config.data.scenario = ROLES[role]["scenario"]
    config.data.people = 2048
    config.data.first = ROLES[role]["first"]  # number of the first person
    config.data.held_out = 256
    config.data.views = 12
    config.data.seed = 0
    config.data.folder = "runs/photographs"  # 0.75 GB for each role; with "" every start renders again
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
    config.margin.start = 0.4  # share of all steps without a margin
    config.margin.full = 0.7  # share of all steps before the full margin
    config.clip = 5.0
    config.rate = ml_collections.ConfigDict()
    config.rate.peak = 2e-3
    config.rate.warmup = 0.03  # share of all steps
    config.rate.final = 0.02  # share of `peak` at the end

    config.log_every = 20
    config.evaluate_every = 80  # steps; 0 evaluates only at the end
    config.evaluate_people = 64
    config.checkpoint_minutes = 3.0
    return config
