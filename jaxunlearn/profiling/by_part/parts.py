"""Time the parts of a step, forward and backward, to see where the time goes.

A step renders rays chunk by chunk, so parts that depend on rays are timed on one chunk and multiplied. The
forward function also stores what the backward function needs. `P` pairs.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from eg3d_flax.planes import sample_from_texels
from eg3d_flax.renderer import merged_texels
from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.methods.losses import TERMS, Distance, Rendered
from jaxunlearn.models import flops
from jaxunlearn.models.flops import Networks
from jaxunlearn.models.generator import SplitGenerator, merge_generator
from jaxunlearn.models.perception import Perception
from jaxunlearn.profiling.by_part.step_flops import Work, pairs_looking_at
from jaxunlearn.profiling.timing import timed
from jaxunlearn.training.step import Frozen

Pytree = Any


class Part(NamedTuple):
    """A function whose gradient is needed by a step."""

    name: str
    function: Callable[..., Any]
    """`function(inputs, *rest)`; the gradient is taken with respect to `inputs`."""

    inputs: Callable[[], Pytree]
    rest: Pytree
    work: Work
    """Operations for all `P` pairs of the trainable generator."""

    times: float = 1.0
    """Calls in a step of the trainable generator: the number of chunks."""


@dataclasses.dataclass(frozen=True)
class PartTime:
    """Time of a part in one direction, for all `P` pairs.

    Attributes:
      part: one of `step_flops.PARTS`.
      direction: "forward" or "backward".
      seconds: median time.
      flops: operations, as counted by `step_flops`.
      bytes: bytes that the program reads and writes, as counted by XLA.
    """

    part: str
    direction: str
    seconds: float
    flops: float
    bytes: float


class StepParts:
    """The parts of a step of one generator copy, on random inputs.

    Args:
      frozen: the arrays that no step changes.
      graphdef: of the generator.
      settings: of the step.
    """

    def __init__(self, frozen: Frozen, graphdef: Any, settings: StepSettings):
        self._frozen, self._graphdef = frozen, graphdef
        generator = merge_generator(SplitGenerator(graphdef, frozen.trainable, frozen.fixed))
        self._config = generator.config
        # Lookup and decoder are timed one by one, also where a step does both in one kernel.
        self._compute = dataclasses.replace(settings.compute, fused=False)
        self._weights, self._part = settings.sampling.weights(), settings.part
        self._noise_mode = "none" if settings.noise_mode == "random" else settings.noise_mode
        self._side = settings.neural_rendering_resolution or self._config.neural_rendering_resolution
        self._rays = min(self._compute.ray_chunk or self._side**2, self._side**2)
        depths = self._config.depth_resolution + self._config.depth_resolution_importance
        self._points = self._rays * depths
        self._pairs = settings.sampling.count
        self._rendered = pairs_looking_at("image", self._weights)
        self._images_at_once = self._rendered if self._rays == self._side**2 else 1
        self._chunks = self._side**2 / self._rays * self._rendered / self._images_at_once
        self._ws = _normal(self._pairs, self._config.num_ws, self._config.w_dim)()
        self._upsamples = generator.superresolution is not None

    def parts(self, networks: Networks) -> Iterator[Part]:
        """Yield the parts in the order of computation; `networks` are those of the loss."""
        yield self._backbone()
        if not self._rendered:
            return
        yield self._lookup()
        yield self._decoder()
        if self._upsamples:
            yield self._superresolution()
        side = self._config.img_resolution if self._upsamples else self._side
        yield from self._losses(networks, side)

    def _merged(self, trainable: Pytree, fixed: Pytree) -> Any:
        return merge_generator(SplitGenerator(self._graphdef, trainable, fixed))

    def _backbone(self) -> Part:
        planes = self._part.work(self._config)
        return Part(
            "backbone",
            lambda trainable, fixed, ws: self._merged(trainable, fixed).planes(
                ws, self._noise_mode, compute=self._compute
            ),
            lambda: self._frozen.trainable,
            (self._frozen.fixed, self._ws),
            Work(self._pairs * planes.forward, self._pairs * planes.backward),
        )

    def _features(self, planes: jax.Array, places: jax.Array) -> jax.Array:
        return sample_from_texels(
            merged_texels(planes, self._config, self._compute),
            places,
            box_warp=self._config.box_warp,
            plane_axes=self._config.plane_axes,
            compute=self._compute,
        )

    def _places(self) -> jax.Array:
        half = self._config.box_warp / 2
        shape = (self._images_at_once, self._points, 3)
        return jax.random.uniform(jax.random.key(1), shape, minval=-half, maxval=half)

    def _planes(self) -> jax.Array:
        config = self._config
        return _normal(self._images_at_once, 3, *2 * (config.plane_resolution,), config.plane_channels)()

    def _lookup(self) -> Part:
        operations = self._rendered * flops.lookup(self._config, self._side)
        return Part(
            "lookup",
            self._features,
            self._planes,
            (self._places(),),
            Work(operations, operations),
            self._chunks,
        )

    def _decoder(self) -> Part:
        shape = jax.eval_shape(lambda: self._features(self._planes(), self._places())).shape
        operations = self._rendered * flops.decoder(self._config, self._side)
        return Part(
            "decoder",
            lambda features, fixed: self._merged(self._frozen.trainable, fixed).decoder(features),
            lambda: _normal(*shape)().astype(self._compute.dtype),
            (self._frozen.fixed,),
            Work(operations, operations),
            self._chunks,
        )

    def _superresolution(self) -> Part:
        operations = self._rendered * flops.superresolution(self._config)
        return Part(
            "superresolution",
            lambda features, fixed, ws: self._merged(self._frozen.trainable, fixed).superresolution(
                features[..., :3], features, ws, compute=self._compute
            ),
            _normal(self._rendered, self._side, self._side, self._config.decoder_output_dim),
            (self._frozen.fixed, self._ws[: self._rendered]),
            Work(operations, operations),
        )

    def _losses(self, networks: Networks, side: int) -> Iterator[Part]:
        """Yield the terms of the loss on images of `side` x `side` pixels; terms of weight 0 are left out."""
        for name, term in TERMS.items():
            pairs = int(np.count_nonzero(self._weights[name]))
            if pairs and term.flops is not None:
                images = _normal(pairs, side, side, 3)
                others = jnp.flip(images(), axis=1)
                operations = pairs * term.flops(networks, side)
                yield Part(
                    name,
                    functools.partial(_distance, term.distance),
                    images,
                    (self._frozen.perception, others),
                    Work(2 * operations, operations),  # both images forward, one of them backward
                )


def _distance(distance: Distance, images: jax.Array, perception: Perception, others: jax.Array) -> jax.Array:
    """A term of the loss as a function of images alone."""
    planes = jnp.zeros((len(images), 0))
    return distance(Rendered(planes, images), Rendered(planes, others), perception)


def _normal(*shape: int) -> Callable[[], jax.Array]:
    return lambda: jax.random.normal(jax.random.key(0), shape)


def time_part(part: Part, calls: int, warm_up: int) -> Iterator[PartTime]:
    """Time a part forward, then backward.

    Args:
      part: the part.
      calls: number of timed calls.
      warm_up: number of calls before them.
    """
    inputs = part.inputs()

    def forward(inputs: Pytree, *rest: Pytree) -> Any:
        return jax.vjp(lambda x: part.function(x, *rest), inputs)

    def backward(pull: Any, cotangent: Pytree) -> Any:
        return pull(cotangent)

    compiled = jax.jit(forward).lower(inputs, *part.rest).compile()
    values, pull = compiled(inputs, *part.rest)
    seconds = timed(lambda: compiled(inputs, *part.rest), calls, warm_up).p50
    yield _part_time(part, "forward", seconds, part.work.forward, compiled)
    back = jax.jit(backward).lower(pull, values).compile()
    seconds = timed(lambda: back(pull, values), calls, warm_up).p50
    yield _part_time(part, "backward", seconds, part.work.backward, back)


def _part_time(part: Part, direction: str, seconds: float, flops: float, compiled: Any) -> PartTime:
    size = (compiled.cost_analysis() or {}).get("bytes accessed", float("nan"))
    return PartTime(part.name, direction, part.times * seconds, flops, part.times * size)
