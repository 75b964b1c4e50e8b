"""The bundled generator of synthetic people, `jaxunlearn/zoo/heads.safetensors`.

The first phase regresses the planes at known surface depth. The second phase compares rendered images, too:
absolute error, squared error and LPIPS on AlexNet, after volume rendering and super-resolution. At first it
renders a random quarter of an image, with the pixels that the whole image has there; in the end whole images.
A training that was stopped may resume with other numbers of steps.
Time on two cores of a shared machine: 111 minutes, and 10 minutes to render the data.

    python tools/train_zoo.py --config configs/zoo/generator.py --workdir runs/heads
    python tools/evaluate_zoo_generator.py runs/heads/generator.safetensors
    python tools/bundle_zoo.py run runs/heads jaxunlearn/zoo/heads.safetensors --dtype uint8
"""

from typing import Any

import ml_collections

from eg3d_flax import GeneratorConfig


def get_config() -> ml_collections.ConfigDict:
    """Return all settings; `--config.batch.people=4` changes one of them."""
    config: Any = ml_collections.ConfigDict()
    config.task = "generator"
    config.seed = 0
    config.dtype = "float32"  # of activations in a step; "bfloat16" is faster on GPUs and TPUs
    config.generator = ml_collections.ConfigDict(GeneratorConfig.heads().to_json())

    config.data = ml_collections.ConfigDict()
    config.data.people = 8192
    config.data.held_out = 64
    config.data.views = 3
    config.data.seed = 0
    config.data.folder = "runs/photographs"  # 3 GB; with "" every start renders again
    config.data.workers = 2
    config.data.first_people = 0  # people to wait for before the first step; 0 waits for all
    config.data.people_per_step = 8.0  # further people who arrive with each step

    config.batch = ml_collections.ConfigDict()
    config.batch.people = 4
    config.batch.views = 3
    config.batch.pixels = 384  # of each view, for the loss terms at points
    config.batch_threads = 0  # threads that draw the next batches while a step is taken
    # Views of each person in the second phase, where an image costs as much as its planes.
    config.rendered_views = 1
    config.patch = 32  # rays along a side of the part of a view that is rendered; 0 renders whole views

    config.surface_steps = 8000  # first phase
    config.volume_steps = 4500  # second phase
    config.whole_steps = 300  # the last steps of the second phase render whole views
    config.ema_decay = 0.998
    config.clip = 1.0
    config.rate = ml_collections.ConfigDict()
    config.rate.peak = 0.015  # for weights stored with unit variance
    config.rate.warmup = 200  # steps
    config.rate.volume_rate = 0.5  # share of `peak` at the start of the second phase
    config.rate.final = 0.03  # share of `peak` at the end

    config.loss = ml_collections.ConfigDict()
    config.loss.surface = 0.5
    config.loss.squared = 2.0
    config.loss.solid = 0.15
    config.loss.empty = 0.3
    config.loss.raw = 0.5
    config.loss.lpips = 0.2

    config.log_every = 25
    config.evaluate_every = 4000  # steps; 0 evaluates only at the end
    config.evaluate_people = 16
    config.checkpoint_minutes = 3.0
    return config
