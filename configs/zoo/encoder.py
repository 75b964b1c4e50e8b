"""The encoder of the bundled generator, `jaxunlearn/zoo/encoder.safetensors`.

A small GOAE (ICCV 2023): it maps photographs of rendered people and images of generated people to latents.
The first phase compares latents, where they are known. The second phase compares images, too: squared error,
LPIPS on AlexNet and identity between photograph and reconstruction.
Time on two cores of a busy machine: 62 minutes (`jaxunlearn/zoo/MODELS.md`).

    python tools/train_zoo.py --config configs/zoo/encoder.py --workdir runs/encoder
    python tools/bundle_zoo.py run runs/encoder jaxunlearn/zoo/encoder.safetensors
    python -m benchmarks.inversion_heads
"""

import dataclasses
from typing import Any

import ml_collections

from goae_flax import GOAEConfig, SwinConfig

ENCODER = GOAEConfig(
    swin=SwinConfig(
        image_size=128,
        patch_size=8,
        embed_dim=24,
        depths=(1, 1, 2, 1),
        num_heads=(2, 4, 6, 6),
        window_size=8,
        pretrained_window_sizes=(0, 0, 0, 0),
        mlp_ratio=2,
    ),
    w_dim=128,
    coarse=2,
    mid=3,
    fine=4,
    attention_heads=4,
    feed_forward=96,
)


def get_config() -> ml_collections.ConfigDict:
    """Return all settings; `--config.batch.generated=8` changes one of them."""
    config: Any = ml_collections.ConfigDict()
    config.task = "encoder"
    config.seed = 0
    config.generator = "heads"
    config.encoder = ml_collections.ConfigDict(dataclasses.asdict(ENCODER))

    config.data = ml_collections.ConfigDict()
    config.data.people = ml_collections.ConfigDict({"generator": 8192, "album": 3072, "celeba_like": 1536})
    config.data.held_out = 64  # people of each scenario
    config.data.views = 3
    config.data.seed = 0
    config.data.folder = "runs/photographs"  # 2 GB; with "" every start renders again
    config.data.workers = 2

    config.batch = ml_collections.ConfigDict()
    config.batch.generated = 2  # generated people, of random z
    config.batch.photographs = ml_collections.ConfigDict({"generator": 12, "album": 8, "celeba_like": 4})
    # Photographs of each scenario whose reconstructions are rendered in the second phase.
    config.batch.rendered = ml_collections.ConfigDict({"generator": 2, "album": 1, "celeba_like": 1})
    config.distortion = ml_collections.ConfigDict()
    config.distortion.zoom = 0.02
    config.distortion.shift = 0.5
    config.distortion.blur = (0.3, 0.9)
    config.distortion.gain = 0.05
    config.distortion.offset = 0.05

    config.latent_steps = 1350  # first phase
    config.image_steps = 650  # second phase
    config.ema_decay = 0.995
    config.clip = 1.0
    config.rate = ml_collections.ConfigDict()
    config.rate.peak = 1e-3
    config.rate.warmup = 0.03  # share of all steps
    config.rate.final = 0.02  # share of `peak` at the end

    config.loss = ml_collections.ConfigDict()
    config.loss.latents = 1.0
    config.loss.squared = 1.0
    config.loss.perceptual = 1.0
    config.loss.identity = 0.3

    config.log_every = 25
    config.evaluate_every = 500  # steps; 0 evaluates only at the end
    config.evaluate_people = 16  # of each scenario
    config.checkpoint_minutes = 3.0
    return config
