"""The loop that makes a generator: two phases, checkpoints, metrics, pictures.

A run's folder has `images/` and, when done, `generator.safetensors` beside what `workdir` describes.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import lpips_flax
from eg3d_flax import GeneratorConfig, TriPlaneGenerator
from eg3d_flax.compute import Compute
from jaxunlearn.errors import InputError
from jaxunlearn.images import save_png
from jaxunlearn.models.generator import initialise, save_generator
from jaxunlearn.models.loading import median_radius
from jaxunlearn.zoo.synthetic.photographs import (
    HELD_OUT_FIRST,
    MAPPING_VERSION,
    PhotographRequest,
    Photographs,
    photograph,
)
from jaxunlearn.zoo.training import optimizer
from jaxunlearn.zoo.training.generator_data import Batch, Supervision, on_white
from jaxunlearn.zoo.training.generator_loss import Weights, objective
from jaxunlearn.zoo.training.generator_metrics import evaluate, picture
from jaxunlearn.zoo.training.workdir import LICENCE, Config, Workdir, config_of, last_state
from lpips_flax import LPIPS

W_AVG_SAMPLES = 10_000


class TrainingState(NamedTuple):
    """All that changes from step to step."""

    parameters: optimizer.Arrays
    average: optimizer.Arrays
    moments: Any
    step: jax.Array


@dataclasses.dataclass(frozen=True)
class Run:
    """A config, with all that is derived from it once."""

    config: Config
    shape: GeneratorConfig
    template: TriPlaneGenerator
    compute: Compute
    weights: Weights
    perceptual: LPIPS

    @property
    def steps(self) -> int:
        """Of both phases."""
        return self.config.surface_steps + self.config.volume_steps


def prepare(config: Config) -> Run:
    """Check a config and build what does not change.

    Raises:
      InputError: if a value is out of range.
    """
    counts = ("batch.people", "batch.views", "batch.pixels", "rendered_views")
    for name in ("surface_steps", "volume_steps", *counts):
        value = functools.reduce(lambda node, key: node[key], name.split("."), config)
        least = int(name in counts)
        if value < least:
            raise InputError(f"config.{name} must be at least {least}, not {value}")
    try:
        shape = GeneratorConfig.from_json(config.generator.to_dict())
    except ValueError as error:
        raise InputError(f"config.generator: {error}") from error
    if shape.ray_start == "auto":
        raise InputError("config.generator.ray_start: give numbers; points are drawn between the rays' ends")
    return Run(
        config=config,
        shape=shape,
        template=initialise(shape, config.seed),
        compute=Compute.for_platform(jax.default_backend()),
        weights=Weights(**config.loss),
        perceptual=lpips_flax.load("alex"),
    )


def arrays_of(generator: TriPlaneGenerator) -> optimizer.Arrays:
    """Trainable parameters by dotted path."""
    flat = nnx.to_flat_state(nnx.state(generator, nnx.Param))
    return {".".join(map(str, path)): variable.get_value() for path, variable in flat}


def with_arrays(template: TriPlaneGenerator, parameters: optimizer.Arrays) -> TriPlaneGenerator:
    """The generator with other parameters; buffers are the template's."""
    graphdef, trainable, rest = nnx.split(template, nnx.Param, ...)
    filled = [
        (path, variable.replace(parameters[".".join(map(str, path))]))
        for path, variable in nnx.to_flat_state(trainable)
    ]
    return nnx.merge(graphdef, nnx.from_flat_state(filled), rest)


def initial_state(run: Run) -> TrainingState:
    """Fresh weights."""
    parameters = arrays_of(run.template)
    moments = optimizer.adam(parameters, clip=run.config.clip).init(parameters)
    average = jax.tree.map(jnp.copy, parameters)
    return TrainingState(parameters, average, moments, jnp.zeros((), jnp.int32))


def make_step(
    run: Run, perceptual: LPIPS | None
) -> Callable[[TrainingState, Batch, float], tuple[TrainingState, dict[str, jax.Array]]]:
    """The compiled step of a phase; with `perceptual`, of the second."""

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state: TrainingState, batch: Batch, rate: float) -> tuple[TrainingState, dict[str, jax.Array]]:
        key = jax.random.fold_in(jax.random.key(run.config.seed), state.step)

        def loss(parameters: optimizer.Arrays) -> tuple[jax.Array, dict[str, jax.Array]]:
            generator = with_arrays(run.template, parameters)
            return objective(
                generator,
                batch,
                key,
                perceptual,
                run.weights,
                run.compute,
                rendered_views=run.config.rendered_views,
            )

        gradients, parts = jax.grad(loss, has_aux=True)(state.parameters)
        adam = optimizer.adam(state.parameters, clip=run.config.clip)
        updates, moments = adam.update(gradients, state.moments)
        parameters = jax.tree.map(lambda p, u: p - rate * u, state.parameters, updates)
        average = optimizer.moving_average(state.average, parameters, state.step, run.config.ema_decay)
        return TrainingState(parameters, average, moments, state.step + 1), parts

    return step


def photographs_of(run: Run, *, held_out: bool) -> Photographs:
    """The people to learn from, or those to test on; rendered once and kept in `config.data.folder`."""
    data = run.config.data
    request = PhotographRequest(
        "generator",
        people=data.held_out if held_out else data.people,
        views=data.views,
        resolution=run.shape.img_resolution,
        seed=data.seed,
        first=HELD_OUT_FIRST if held_out else 0,
    )
    folder = Path(data.folder) if data.folder else None
    return on_white(photograph(request, workers=data.workers, folder=folder))


def many_latents(generator: TriPlaneGenerator, seed: int) -> jax.Array:
    """Latents of 10,000 z ~ N(0, I), `[10000, num_ws, w_dim]`; no camera plays a part in them."""
    z = jax.random.normal(jax.random.key(seed), (W_AVG_SAMPLES, generator.config.z_dim))
    conditioning = jnp.zeros((W_AVG_SAMPLES, generator.config.c_dim))
    return generator.mapping(z, conditioning)


def finished_generator(run: Run, state: TrainingState) -> TriPlaneGenerator:
    """The averaged weights, with `backbone.mapping.w_avg` filled in."""
    generator = with_arrays(run.template, state.average)
    generator.backbone.mapping.w_avg[...] = jnp.mean(many_latents(generator, run.config.seed), axis=(0, 1))
    return generator


def notes(run: Run, generator: TriPlaneGenerator, state: TrainingState, seconds: float) -> dict[str, str]:
    """What the header of the generator's file says besides its config.

    `median_radius` is that of `latents.median_radius`, the unit in which distances between latents carry over
    from one model to another.
    """
    ws = many_latents(generator, run.config.seed)
    radius = median_radius(ws, generator.backbone.mapping.w_avg[...])
    return {
        "licence": LICENCE,
        "made_by": "tools/train_heads.py",
        "people": f"jaxunlearn.heads, mapping version {MAPPING_VERSION}",
        "seed": str(run.config.seed),
        "steps": str(int(state.step)),
        "seconds": str(round(seconds)),
        "median_radius": f"{float(radius):.4f}",
    }


def export(workdir: Path, path: Path) -> None:
    """Write the averaged weights of a run's last checkpoint in half precision.

    Raises:
      InputError: if `workdir` is not the folder of a run.
    """
    run = prepare(config_of(workdir, "tools/train_heads.py"))
    state, seconds = last_state(workdir, initial_state(run))
    generator = finished_generator(run, state)
    save_generator(generator, path, notes(run, generator, state, seconds), dtype="float16")


def train(config: Config, workdir: Path) -> dict[str, float]:
    """Train, or go on with what is in `workdir`.

    Args:
      config: as `configs/train_heads.py` returns.
      workdir: the run's folder.

    Returns:
      The final figures of `evaluation.evaluate`.

    Raises:
      InputError: if config and folder do not fit.
      FloatingPointError: if the loss is no longer finite; the checkpoint before stays.
    """
    run = prepare(config)
    folder = Workdir(workdir, config, initial_state(run))
    (workdir / "images").mkdir(exist_ok=True)
    supervision = Supervision(
        photographs_of(run, held_out=False),
        **config.batch,
        near=float(run.shape.ray_start),
        far=float(run.shape.ray_end),
        seed=config.seed,
    )
    held_out = photographs_of(run, held_out=True)
    compiled = {"surface": make_step(run, None), "volume": make_step(run, run.perceptual)}

    def advance(state: TrainingState, number: int) -> tuple[TrainingState, Mapping[str, Any]]:
        phase = "surface" if number < config.surface_steps else "volume"
        rate = optimizer.learning_rate(
            number, surface_steps=config.surface_steps, steps=run.steps, **config.rate
        )
        state, parts = compiled[phase](state, supervision.batch(number), rate)
        return state, {"phase": phase, "rate": rate, **parts}

    def look(state: TrainingState, people: int = config.evaluate_people) -> dict[str, float]:
        generator = finished_generator(run, state)
        rendered = int(state.step) > config.surface_steps
        save_png(
            workdir / "images" / f"step{int(state.step):06d}.png",
            picture(generator, held_out, run.compute, rendered=rendered),
        )
        return evaluate(generator, held_out, run.perceptual, run.compute, people=people, rendered=rendered)

    def shown(numbers: Mapping[str, Any]) -> dict[str, str]:
        return {
            "phase": numbers["phase"],
            "loss": f"{numbers['loss']:.3f}",
            "surface": decibel(numbers["surface_mse"]),
        }

    folder.train(run.steps, advance, evaluate=look, shown=shown)
    generator = finished_generator(run, folder.state)
    about = notes(run, generator, folder.state, folder.seconds)
    save_generator(generator, workdir / "generator.safetensors", about)
    figures = look(folder.state, config.data.held_out)
    folder.report({"held_out": figures})
    return figures


def decibel(mse: float) -> str:
    """Peak signal-to-noise ratio of colours in [0, 1]."""
    return f"{-10 * np.log10(max(mse, 1e-12)):.1f} dB"
