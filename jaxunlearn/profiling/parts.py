"""The parts of a step, each timed by itself, forward and backward: where the time goes, and why.

What depends on the rays is timed on one chunk of them and multiplied, as the step runs it chunk by chunk. The
forward function keeps what the backward one needs. `P` pairs, `R` rays, `M` points, `C` channels.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax.planes import sample_from_planes
from jaxunlearn.methods.base import StepSettings
from jaxunlearn.methods.losses import TERMS, Distance, Rendered
from jaxunlearn.models import flops
from jaxunlearn.models.flops import Networks
from jaxunlearn.models.generator import SplitGenerator, merge_generator
from jaxunlearn.models.perception import Perception
from jaxunlearn.profiling.step_flops import Work, pairs_looking_at
from jaxunlearn.profiling.timing import timed
from jaxunlearn.training.step import Frozen

Pytree = Any


class Part(NamedTuple):
    """A function whose gradient a step needs."""

    name: str
    function: Callable[..., Any]
    """Of what the gradient is taken with respect to, and the rest."""

    inputs: Callable[[], Pytree]
    rest: Pytree
    work: Work
    """All `P` pairs on the trainable generator's side."""

    times: float = 1.0
    """How often a step calls it there."""


@dataclasses.dataclass(frozen=True)
class PartTime:
    """A part in one direction, all `P` pairs.

    Attributes:
      part: one of `step_flops.PARTS`.
      direction: "forward" or "backward".
      seconds: median.
      flops: by `step_flops`.
      bytes: that its program reads and writes, as XLA counts them.
    """

    part: str
    direction: str
    seconds: float
    flops: float
    bytes: float


def parts(frozen: Frozen, graphdef: Any, networks: Networks, settings: StepSettings) -> Iterator[Part]:
    """The parts of a step of one copy, on random inputs."""
    generator = merge_generator(SplitGenerator(graphdef, frozen.trainable, frozen.fixed))
    config, compute, count = generator.config, settings.compute, settings.sampling.count
    side = settings.neural_rendering_resolution or config.neural_rendering_resolution
    weights = settings.sampling.weights()
    mode = "none" if settings.noise_mode == "random" else settings.noise_mode

    def merged(trainable: Pytree, fixed: Pytree) -> Any:
        return merge_generator(SplitGenerator(graphdef, trainable, fixed))

    def normal(*shape: int) -> Callable[[], jax.Array]:
        return lambda: jax.random.normal(jax.random.key(0), shape)

    ws = normal(count, config.num_ws, config.w_dim)()
    each = flops.backbone(config)
    yield Part(
        "backbone",
        lambda trainable, fixed, ws: merged(trainable, fixed).planes(ws, mode, compute=compute),
        lambda: frozen.trainable,
        (frozen.fixed, ws),
        Work(count * each, 2 * count * each),
    )

    seen = pairs_looking_at("image", weights)
    if not seen:
        return
    rays = min(compute.ray_chunk or side**2, side**2)
    points = rays * (config.depth_resolution + config.depth_resolution_importance)
    chunks = side**2 / rays
    box = config.box_warp
    at = jax.random.uniform(jax.random.key(1), (seen, points, 3), minval=-box / 2, maxval=box / 2)
    each = flops.lookup(config, side)
    yield Part(
        "lookup",
        lambda planes, at: sample_from_planes(
            planes, at, box_warp=box, plane_axes=config.plane_axes, compute=compute
        ),
        normal(seen, 3, config.plane_resolution, config.plane_resolution, config.plane_channels),
        (at,),
        Work(seen * each, seen * each),
        chunks,
    )

    features = normal(seen, 3, points, config.plane_channels)
    each = flops.decoder(config, side)
    yield Part(
        "decoder",
        lambda features, fixed: merged(frozen.trainable, fixed).decoder(features),
        lambda: features().astype(compute.dtype),
        (frozen.fixed,),
        Work(seen * each, seen * each),
        chunks,
    )

    image_side = side
    if generator.superresolution is not None:
        image_side, each = config.img_resolution, flops.superresolution(config)
        yield Part(
            "superresolution",
            lambda features, fixed, ws: merged(frozen.trainable, fixed).superresolution(
                features[..., :3], features, ws, compute=compute
            ),
            normal(seen, side, side, config.decoder_output_dim),
            (frozen.fixed, ws[:seen]),
            Work(seen * each, seen * each),
        )

    for name, term in TERMS.items():
        rows = int(np.count_nonzero(weights[name]))
        if rows and term.flops is not None:
            images = normal(rows, image_side, image_side, 3)
            each = term.flops(networks, image_side)
            yield Part(
                name,
                functools.partial(_distance, term.distance),
                images,
                (frozen.perception, jnp.flip(images(), axis=1)),
                Work(2 * rows * each, rows * each),  # both images forward, one of them backward
            )


def _distance(distance: Distance, image: jax.Array, perception: Perception, other: jax.Array) -> jax.Array:
    """A loss term as a function of images alone."""
    none = jnp.zeros((len(image), 0))
    return distance(Rendered(none, image), Rendered(none, other), perception)


def measure(part: Part, calls: int, warm_up: int) -> Iterator[PartTime]:
    """Time a part forward, then backward."""
    inputs = part.inputs()

    def forward(inputs: Pytree, *rest: Pytree) -> Any:
        return jax.vjp(lambda x: part.function(x, *rest), inputs)

    def backward(pull: Any, cotangent: Pytree) -> Any:
        return pull(cotangent)

    compiled = jax.jit(forward).lower(inputs, *part.rest).compile()
    values, pull = compiled(inputs, *part.rest)
    seconds = timed(lambda: compiled(inputs, *part.rest), calls, warm_up).p50
    yield _found(part, "forward", seconds, part.work.forward, compiled)
    back = jax.jit(backward).lower(pull, values).compile()
    seconds = timed(lambda: back(pull, values), calls, warm_up).p50
    yield _found(part, "backward", seconds, part.work.backward, back)


def _found(part: Part, direction: str, seconds: float, flops: float, compiled: Any) -> PartTime:
    size = (compiled.cost_analysis() or {}).get("bytes accessed", float("nan"))
    return PartTime(part.name, direction, part.times * seconds, flops, part.times * size)
