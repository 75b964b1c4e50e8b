"""The task of training a generator: points at known depth; then parts of images, too; then whole images."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
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
from jaxunlearn.models.generator import initialise, save_generator
from jaxunlearn.models.loading import median_radius
from jaxunlearn.process.devices import default_platform
from jaxunlearn.zoo.metrics.generator_metrics import evaluate, picture
from jaxunlearn.zoo.synthetic.photographs import (
    HELD_OUT_FIRST,
    PhotographRequest,
    Photographs,
    photograph,
    photograph_in_shards,
)
from jaxunlearn.zoo.training import optimizer
from jaxunlearn.zoo.training.arrivals import Arrivals, Schedule
from jaxunlearn.zoo.training.generator_data import Batch, Supervision, drawn_ahead, on_white
from jaxunlearn.zoo.training.generator_loss import Rendered, Weights, objective
from jaxunlearn.zoo.training.patches import check_patch
from jaxunlearn.zoo.training.trainer import (
    Config,
    Figures,
    Numbers,
    check_batch,
    check_least,
    header_of,
    photographs_folder,
)

W_AVG_SAMPLES = 10_000
DTYPES = ("float32", "bfloat16")
"""Types of activations in a step; weights, losses and evaluation are float32."""


class TrainingState(NamedTuple):
    """Everything that changes from step to step."""

    parameters: optimizer.Arrays
    average: optimizer.Arrays
    moments: Any
    step: jax.Array


Step = Callable[[TrainingState, Batch, float], tuple[TrainingState, dict[str, jax.Array]]]
"""A compiled step: state, batch and learning rate → next state and the parts of the loss."""


class GeneratorTask:
    """A generator to train on rendered people; see `trainer.Task`."""

    file = "generator.safetensors"
    lengths = ("surface_steps", "volume_steps", "whole_steps")

    def __init__(self, config: Config):
        """Check a config and build what does not change.

        Raises:
          InputError: if a value is out of range.
        """
        _check_counts(config)
        try:
            shape = GeneratorConfig.from_json(config.generator.to_dict())
        except ValueError as error:
            raise InputError(f"config.generator: {error}") from error
        if config.patch:
            try:
                check_patch(config.patch, shape)
            except ValueError as error:
                raise InputError(f"config.patch {error}") from error
        if shape.ray_start == "auto":
            raise InputError("config.generator.ray_start must be a number: points lie between the rays' ends")
        self.config = config
        self._shape = shape
        self._template = initialise(shape, config.seed)
        self._compute = Compute.for_platform(default_platform())
        self._step_compute = dataclasses.replace(self._compute, dtype=config.dtype)
        self._weights = Weights(**config.loss)
        self._perceptual = lpips_flax.load("alex")
        views, patch = config.rendered_views, config.patch or None
        self._steps = {
            "surface": self._make_step(None),
            "patches": self._make_step(Rendered(views, patch, self._perceptual)),
            "whole": self._make_step(Rendered(views, None, self._perceptual)),
        }

    @property
    def steps(self) -> int:
        """Number of steps of both phases."""
        return self.config.surface_steps + self.config.volume_steps

    def initial_state(self) -> TrainingState:
        """Return the initial weights, drawn from `config.seed`."""
        parameters = jax.tree.map(jnp.copy, arrays_of(self._template))  # since steps donate them
        moments = optimizer.adam(parameters, clip=self.config.clip).init(parameters)
        average = jax.tree.map(jnp.copy, parameters)
        return TrainingState(parameters, average, moments, jnp.zeros((), jnp.int32))

    @contextlib.contextmanager
    def batches(self) -> Iterator[Callable[[int], Batch]]:
        """Photograph the people to learn from; yield a function from a step's number to its batch.

        With `config.data.first_people`, the others are photographed while it trains on these. A context
        within another one draws from the same people, and its end is the end of both.
        """
        data, arrivals = self.config.data, self._arrivals
        schedule = Schedule(data.people, data.first_people, data.people_per_step)

        def available(number: int) -> int:
            people = schedule.available(number)
            arrivals.wait_for(people)
            return people

        supervision = Supervision(
            arrivals.photographs,
            available,
            **self.config.batch,
            shown=min(self.config.rendered_views, self.config.batch.views),
            near=float(self._shape.ray_start),
            far=float(self._shape.ray_end),
            seed=self.config.seed,
        )
        with drawn_ahead(supervision.batch, self.config.batch_threads) as batch_of:
            try:
                available(0)
                yield batch_of
            finally:
                arrivals.close()
                self.__dict__.pop("_arrivals", None)

    @property
    def arrived(self) -> int:
        """Number of people to learn from who are photographed."""
        return self._arrivals.arrived

    def held_out(self) -> Photographs:
        """Photograph the people to evaluate on."""
        data = self.config.data
        folder = photographs_folder(data)
        return on_white(photograph(self._request(held_out=True), workers=data.workers, folder=folder))

    def step(self, state: TrainingState, batch: Batch, number: int) -> tuple[TrainingState, Numbers]:
        """Take a step of the phase that `number` is in; the state's arrays are donated."""
        config = self.config
        phase = self._phase(number)
        rate = optimizer.learning_rate(
            number, surface_steps=config.surface_steps, steps=self.steps, **config.rate
        )
        state, parts = self._steps[phase](state, batch, rate)
        return state, {"phase": phase, "rate": rate, **parts}

    def bar_texts(self, numbers: Numbers) -> dict[str, str]:
        """Return the phase, the loss, and the error of colours at surfaces."""
        return {
            "phase": numbers["phase"],
            "loss": f"{numbers['loss']:.3f}",
            "surface": decibel(numbers["surface_mse"]),
        }

    def evaluate(self, state: TrainingState, held_out: Photographs, *, people: int | None = None) -> Figures:
        """Return the figures of `generator_metrics.evaluate` for the averaged weights."""
        return evaluate(
            self.network(state),
            held_out,
            self._perceptual,
            self._compute,
            people=len(held_out.z) if people is None else people,
            rendered=self._renders(state),
        )

    def picture(self, state: TrainingState, held_out: Photographs) -> np.ndarray:
        """Draw rendered people above generated ones; uint8."""
        rendered = self._renders(state)
        return picture(self.network(state), held_out, self._compute, rendered=rendered)

    def save(
        self, state: TrainingState, path: Path, figures: Figures, seconds: float, *, dtype: str = "float32"
    ) -> None:
        """Write the averaged weights.

        `median_radius` in the header is that of `jaxunlearn.models.loading`: the unit in which distances
        between latents carry over from one model to another.
        """
        del figures  # MODELS.md states them
        generator = self.network(state)
        ws = many_latents(generator, self.config.seed)
        radius = median_radius(ws, generator.w_avg)
        header = {
            **header_of(self.config, state, seconds),
            "median_radius": f"{float(radius):.4f}",
        }
        save_generator(generator, path, header, dtype=dtype)

    def network(self, state: TrainingState) -> TriPlaneGenerator:
        """Return the generator with the averaged weights and its mean latent."""
        generator = with_arrays(self._template, state.average)
        ws = many_latents(generator, self.config.seed)
        generator.backbone.mapping.w_avg[...] = jnp.mean(ws, axis=(0, 1))
        return generator

    def _phase(self, number: int) -> str:
        """Return the kind of step `number`; the second phase renders parts of images first, if any."""
        if number < self.config.surface_steps:
            return "surface"
        in_parts = self.config.patch and number < self.steps - self.config.whole_steps
        return "patches" if in_parts else "whole"

    def _renders(self, state: TrainingState) -> bool:
        """True if the second phase has begun, so that images after super-resolution can be judged."""
        return int(state.step) > self.config.surface_steps

    def _make_step(self, rendered: Rendered | None) -> Step:
        """Return the compiled step of the first phase, or of the second with what is rendered."""
        config, template = self.config, self._template

        @functools.partial(jax.jit, donate_argnums=0)
        def step(
            state: TrainingState, batch: Batch, rate: float
        ) -> tuple[TrainingState, dict[str, jax.Array]]:
            key = jax.random.fold_in(jax.random.key(config.seed), state.step)

            def loss(parameters: optimizer.Arrays) -> tuple[jax.Array, dict[str, jax.Array]]:
                return objective(
                    with_arrays(template, parameters),
                    batch,
                    key,
                    rendered,
                    self._weights,
                    self._step_compute,
                )

            gradients, parts = jax.grad(loss, has_aux=True)(state.parameters)
            adam = optimizer.adam(state.parameters, clip=config.clip)
            updates, moments = adam.update(gradients, state.moments)
            parameters = jax.tree.map(lambda p, u: p - rate * u, state.parameters, updates)
            average = optimizer.moving_average(state.average, parameters, state.step, config.ema_decay)
            return TrainingState(parameters, average, moments, state.step + 1), parts

        return step

    @functools.cached_property
    def _arrivals(self) -> Arrivals:
        """The people to learn from; taking their photographs begins with the first use."""
        data, request = self.config.data, self._request(held_out=False)
        shards = photograph_in_shards(
            request, workers=data.workers, folder=photographs_folder(data), progress=not data.first_people
        )
        return Arrivals(request, map(on_white, shards))

    def _request(self, *, held_out: bool) -> PhotographRequest:
        """Return the photographs to learn from, or those to evaluate on."""
        data = self.config.data
        return PhotographRequest(
            "generator",
            people=data.held_out if held_out else data.people,
            views=data.views,
            resolution=self._shape.img_resolution,
            seed=data.seed,
            first=HELD_OUT_FIRST if held_out else 0,
        )


def _check_counts(config: Config) -> None:
    """Refuse a config that asks for no people, views or pixels, for too many, or for negative phases."""
    may_be_zero = ("surface_steps", "volume_steps", "whole_steps", "patch", "data.first_people")
    counts = ("batch.people", "batch.views", "batch.pixels", "rendered_views", "data.held_out")
    check_least(config, dict.fromkeys((*may_be_zero, "batch_threads", "rate.warmup"), 0))
    check_least(config, {**dict.fromkeys(counts, 1), "data.views": config.batch.views})
    check_batch(config)
    if config.dtype not in DTYPES:
        raise InputError(f"config.dtype must be one of {', '.join(DTYPES)}, not {config.dtype}")
    first = config.data.first_people
    if first and first < config.batch.people:
        raise InputError(f"config.data.first_people must be 0, or at least config.batch.people, not {first}")


def arrays_of(generator: TriPlaneGenerator) -> optimizer.Arrays:
    """Return the trainable parameters by dotted path."""
    flat = nnx.to_flat_state(nnx.state(generator, nnx.Param))
    return {".".join(map(str, path)): variable.get_value() for path, variable in flat}


def with_arrays(template: TriPlaneGenerator, parameters: optimizer.Arrays) -> TriPlaneGenerator:
    """Return a generator with these parameters and the buffers of `template`."""
    graphdef, trainable, rest = nnx.split(template, nnx.Param, ...)
    filled = [
        (path, variable.replace(parameters[".".join(map(str, path))]))
        for path, variable in nnx.to_flat_state(trainable)
    ]
    return nnx.merge(graphdef, nnx.from_flat_state(filled), rest)


def many_latents(generator: TriPlaneGenerator, seed: int) -> jax.Array:
    """Return the latents `[10000, num_ws, w_dim]` of 10,000 z ~ N(0, I); they depend on no camera."""
    z = jax.random.normal(jax.random.key(seed), (W_AVG_SAMPLES, generator.config.z_dim))
    conditioning = jnp.zeros((W_AVG_SAMPLES, generator.config.c_dim))
    return generator.mapping(z, conditioning)


def decibel(mse: float) -> str:
    """Format the peak signal-to-noise ratio of colours in [0, 1]."""
    return f"{-10 * np.log10(max(mse, 1e-12)):.1f} dB"
