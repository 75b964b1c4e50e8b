"""The task of training an encoder: latents are compared in the first phase, images, too, in the second.

Latents are known exactly for images of generated people. For photographs of rendered people the latents of
the same z are taken, because the generator was trained to show them alike. For people of other kinds only
images are compared, seen from the camera of the photograph.
"""

import contextlib
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

import goae_flax
import lpips_flax
from eg3d_flax import Compute, TriPlaneGenerator
from goae_flax import GOAEConfig, GOAEEncoder, SwinConfig
from jaxunlearn.errors import InputError
from jaxunlearn.models.cameras import conditioning_view, views
from jaxunlearn.models.encoder import Encoder
from jaxunlearn.models.generator import load_generator
from jaxunlearn.models.identity import load_identity
from jaxunlearn.process.devices import default_platform
from jaxunlearn.zoo.metrics.encoder_metrics import (
    Networks,
    Reconstructor,
    evaluate,
    first_people,
    image_distances,
    latent_error,
    picture,
)
from jaxunlearn.zoo.synthetic.photographs import HELD_OUT_FIRST
from jaxunlearn.zoo.training.encoder_data import Album, Batch, draw, take_albums
from jaxunlearn.zoo.training.identity_data import Distortion, distort, to_range
from jaxunlearn.zoo.training.optimizer import moving_average, rising_cosine
from jaxunlearn.zoo.training.trainer import Config, Figures, Numbers, check_least, header_of
from torch_bridge.limits import with_tuples

VARIANCE_SAMPLES = 8192
"""Number of latents from which the variance of w is estimated."""
MAX_YAW, PITCH_DEVIATION, MAX_PITCH = 0.6, 0.15, 0.35
"""Cameras on generated people, in radians: the yaw is uniform, the pitch normal and clipped."""
FAINT = 0.05
"""Initial scale of the layers that decide which positions attend to which."""
NAME = "heads encoder"
PICTURE_PEOPLE = 5


class EncoderState(NamedTuple):
    """Everything that changes from step to step."""

    parameters: nnx.State
    average: nnx.State
    moments: Any
    step: jax.Array


Step = Callable[[EncoderState, Batch, Networks], tuple[EncoderState, dict[str, jax.Array]]]
"""A compiled step: state, batch and fixed networks → next state and what is logged."""


class EncoderTask:
    """An encoder to train for a generator; see `trainer.Task`.

    Attributes:
      shape: sizes of the encoder.
    """

    file = "encoder.safetensors"
    lengths = ("latent_steps", "image_steps")

    def __init__(self, config: Config):
        """Check a config and build what does not change.

        Raises:
          InputError: if a value is out of range.
        """
        _check_counts(config)
        generator = load_generator(config.generator)
        self.config, self.shape = config, _shape(config, generator)
        self._graph = nnx.graphdef(nnx.eval_shape(lambda: GOAEEncoder(self.shape, rngs=nnx.Rngs(0))))
        self._generator = nnx.graphdef(generator)
        self._networks, self._judge = _networks(generator), load_identity("heads-judge")
        self._distortion = Distortion(**config.distortion)
        self._optimiser = _optimiser(config, self.steps)
        self._compute = Compute.for_platform(default_platform())
        self._steps = {images: self._make_step(images=images) for images in (False, True)}

    @property
    def steps(self) -> int:
        """Number of steps of both phases."""
        return self.config.latent_steps + self.config.image_steps

    def initial_state(self) -> EncoderState:
        """Return the initial weights; attention begins without a preference for positions, as in Swin V2."""
        module = GOAEEncoder(self.shape, rngs=nnx.Rngs(self.config.seed))
        for stage in module.swin_model.layers:
            for block in stage.blocks:
                last = block.attn.cpb_mlp["2"]
                last.weight[...] = FAINT * last.weight[...]
        parameters = nnx.state(module)
        average = jax.tree.map(jnp.copy, parameters)
        moments = self._optimiser.init(parameters)
        return EncoderState(parameters, average, moments, jnp.zeros((), jnp.int32))

    @contextlib.contextmanager
    def batches(self) -> Iterator[Callable[[int], Batch]]:
        """Photograph the people to learn from; yield a function from a step's number to its batch."""
        albums = self._albums(self.config.data.people, held_out=False)
        counts, seed = self.config.batch.photographs, self.config.seed
        yield lambda number: draw(albums, counts, seed=seed, number=number)

    def held_out(self) -> dict[str, Album]:
        """Photograph the people to evaluate on, of each scenario."""
        data = self.config.data
        return self._albums({str(scenario): int(data.held_out) for scenario in data.people}, held_out=True)

    def step(self, state: EncoderState, batch: Batch, number: int) -> tuple[EncoderState, Numbers]:
        """Take a step of the phase that `number` is in; the state's arrays are donated."""
        return self._steps[number >= self.config.latent_steps](state, batch, self._networks)

    def bar_texts(self, numbers: Numbers) -> dict[str, str]:
        """Return the loss, and the error of latents."""
        return {"loss": f"{numbers['loss']:.3f}", "latents": f"{numbers['latents']:.3f}"}

    def evaluate(
        self, state: EncoderState, held_out: Mapping[str, Album], *, people: int | None = None
    ) -> Figures:
        """Return the figures of `encoder_metrics.evaluate` for the averaged weights."""
        return dict(evaluate(self._reconstructor(state), first_people(held_out, people), self._judge))

    def picture(self, state: EncoderState, held_out: Mapping[str, Album]) -> np.ndarray:
        """Draw photographs above reconstructions; uint8."""
        people = min(PICTURE_PEOPLE, self.config.evaluate_people)
        return picture(self._reconstructor(state), first_people(held_out, people))

    def save(
        self, state: EncoderState, path: Path, figures: Figures, seconds: float, *, dtype: str = "float32"
    ) -> None:
        """Write the averaged weights."""
        data = self.config.data
        people = ", ".join(f"{count} of {scenario}" for scenario, count in data.people.items())
        header = {
            "name": NAME,
            "generator": self.config.generator,
            **header_of(self.config, state, seconds, f"seed {data.seed}", people),
            "held_out": json.dumps(figures),
        }
        goae_flax.save(nnx.merge(self._graph, state.average), path, dtype=dtype, notes=header)

    def _albums(self, people: Mapping[str, int], *, held_out: bool) -> dict[str, Album]:
        resolution = self.shape.swin.image_size
        return take_albums(people, held_out=held_out, data=self.config.data, resolution=resolution)

    def _reconstructor(self, state: EncoderState) -> Reconstructor:
        encoder = Encoder(NAME, self._graph, state.average, self._networks.w_avg)
        return Reconstructor(encoder, self._generator, self._networks, self._compute)

    def _make_step(self, *, images: bool) -> Step:
        """Return the compiled step of the first phase, or of the second with `images`."""
        count = self.config.batch.generated

        @functools.partial(jax.jit, donate_argnums=0)
        def step(
            state: EncoderState, batch: Batch, networks: Networks
        ) -> tuple[EncoderState, dict[str, jax.Array]]:
            people_key, distortion_key = jax.random.split(
                jax.random.fold_in(jax.random.key(self.config.seed), state.step)
            )
            generator = nnx.merge(self._generator, networks.generator)
            ws_generated, image_generated = self._generated(networks, people_key)
            ws_of_z = generator.mapping(batch.z, conditioning_view(generator.config, len(batch.z)))
            wanted_ws = jnp.concatenate([ws_generated, ws_of_z])
            known = jnp.concatenate([jnp.ones(count), batch.known])
            image = jnp.concatenate([image_generated, to_range(batch.image)])
            distorted = distort(image, distortion_key, self._distortion)

            def loss(parameters: nnx.State) -> tuple[jax.Array, dict[str, jax.Array]]:
                ws = Encoder(NAME, self._graph, parameters, networks.w_avg).encode(distorted)
                error = latent_error(ws, wanted_ws, networks.variance)
                parts = {"latents": jnp.sum(known * error) / jnp.sum(known)}
                if images:
                    parts |= self._image_parts(generator, ws[count:], batch, networks)
                weights = self.config.loss
                total = jnp.sum(jnp.stack([weights[name] * value for name, value in parts.items()]))
                return total, {"loss": total, "generated": jnp.mean(error[:count]), **parts}

            gradients, parts = jax.grad(loss, has_aux=True)(state.parameters)
            updates, moments = self._optimiser.update(gradients, state.moments)
            parameters = jax.tree.map(jnp.add, state.parameters, updates)
            average = moving_average(state.average, parameters, state.step, self.config.ema_decay)
            return EncoderState(parameters, average, moments, state.step + 1), parts

        return step

    def _generated(self, networks: Networks, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return latents and images of generated people, seen from random cameras."""
        count = self.config.batch.generated
        generator = nnx.merge(self._generator, networks.generator)
        z_key, yaw_key, pitch_key = jax.random.split(key, 3)
        z = jax.random.normal(z_key, (count, generator.config.z_dim))
        ws = generator.mapping(z, conditioning_view(generator.config, count))
        yaw = jax.random.uniform(yaw_key, (count,), minval=-MAX_YAW, maxval=MAX_YAW)
        pitch = jnp.clip(PITCH_DEVIATION * jax.random.normal(pitch_key, (count,)), -MAX_PITCH, MAX_PITCH)
        c = views(generator.config, yaw, pitch)
        return ws, jnp.clip(generator.synthesis(ws, c, compute=self._compute).image, -1, 1)

    def _image_parts(
        self, generator: TriPlaneGenerator, ws: jax.Array, batch: Batch, networks: Networks
    ) -> dict[str, jax.Array]:
        """Return the loss terms of reconstructions, for the first few photographs of each scenario."""
        rows, start = [], 0
        for scenario, count in self.config.batch.photographs.items():
            rows.extend(range(start, start + self.config.batch.rendered.get(scenario, 0)))
            start += count
        row = np.array(rows, np.int32)
        image = generator.synthesis(ws[row], batch.camera[row], compute=self._compute).image
        wanted = to_range(batch.wanted[row])
        distances = image_distances(image, wanted, networks.perceptual, networks.identity)
        return {name: jnp.mean(distance) for name, distance in distances.items()}


def _check_counts(config: Config) -> None:
    """Refuse numbers of people and photographs that cannot be trained or evaluated with."""
    counts = ("data.views", "data.held_out", "batch.generated", "evaluate_people")
    check_least(config, {**dict.fromkeys(counts, 1), "latent_steps": 0, "image_steps": 0})
    rendered, people = config.batch.rendered, config.data.people
    for scenario, count in config.batch.photographs.items():
        if not 0 <= rendered.get(scenario, 0) <= count:
            raise InputError(
                f"config.batch.rendered.{scenario} must be between 0 and the {count} photographs of a batch"
            )
        if not 1 <= people.get(scenario, 0) <= HELD_OUT_FIRST:
            raise InputError(
                f"config.data.people.{scenario} must be between 1 and {HELD_OUT_FIRST}; "
                "people beyond are for evaluation"
            )


def _shape(config: Config, generator: TriPlaneGenerator) -> GOAEConfig:
    """Return the encoder's sizes, which fit the generator's."""
    try:
        swin = SwinConfig(**with_tuples(config.encoder.swin))
        shape = GOAEConfig(**{**config.encoder, "swin": swin})
    except (TypeError, ValueError) as error:
        raise InputError(f"config.encoder: {error}") from error
    sizes = (generator.config.num_ws, generator.config.w_dim, generator.config.img_resolution)
    if (shape.num_ws, shape.w_dim, swin.image_size) != sizes:
        raise InputError(
            "config.encoder: the generator has {} latent rows of {} numbers and images of {}²".format(*sizes)
        )
    return shape


def _networks(generator: TriPlaneGenerator) -> Networks:
    """Return all arrays that stay as they are."""
    z = jax.random.normal(jax.random.key(0), (VARIANCE_SAMPLES, generator.config.z_dim))
    w = generator.mapping(z, conditioning_view(generator.config, len(z)))[:, 0]
    return Networks(
        nnx.state(generator),
        lpips_flax.load("alex"),
        load_identity("heads-loss"),
        jnp.var(w, axis=0).sum(),
        generator.w_avg,
    )


def _optimiser(config: Config, steps: int) -> optax.GradientTransformation:
    """Return Adam with gradient clipping; the rate rises, and falls as a cosine."""
    schedule = rising_cosine(config.rate, steps)
    return optax.chain(optax.clip_by_global_norm(config.clip), optax.adam(schedule, b2=0.99))
