"""The toy generator, mapper and networks of the SUGAR goldens, as modules that the real step can work with.

Planes are `[B, L * H]` numbers here; what the goldens call lpips is a mean squared difference.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.tree_util import Partial

from eg3d_flax import GeneratorConfig
from jaxunlearn.methods import latents
from jaxunlearn.models.perception import Perception

TERMS = {"planes": 0.01, "perceptual": 1.0, "identity": 0.1}


class _Linear(nnx.Module):
    def __init__(self, weight: np.ndarray, bias: np.ndarray):
        self.weight, self.bias = nnx.Param(jnp.asarray(weight)), nnx.Param(jnp.asarray(bias))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x @ self.weight[...].T + self.bias[...]


class _Synthesis(nnx.Module):
    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self.fc0 = _Linear(arrays["fc0.weight"], arrays["fc0.bias"])
        self.fc1 = _Linear(arrays["fc1.weight"], arrays["fc1.bias"])


class _Backbone(nnx.Module):
    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self.synthesis = _Synthesis(arrays)


class _Rendered(NamedTuple):
    image: jax.Array


class ToyGenerator(nnx.Module):
    """Stands where a `TriPlaneGenerator` would; its z are ws already, flattened."""

    config = GeneratorConfig.small()

    def __init__(self, arrays: Mapping[str, np.ndarray]):
        self.backbone = _Backbone(arrays)

    def mapping(self, z: jax.Array, c: Any) -> jax.Array:
        return z.reshape(-1, 3, 8)

    def draw_noise(self, key: jax.Array, batch: int) -> dict[str, jax.Array]:
        return {}

    def planes(self, ws: jax.Array, *_: Any, **__: Any) -> jax.Array:
        synthesis = self.backbone.synthesis
        return synthesis.fc1(jnp.tanh(synthesis.fc0(ws)))[..., None, None]

    def render(self, planes: jax.Array, *_: Any, **__: Any) -> _Rendered:
        return _Rendered(jnp.tanh(0.5 * planes).reshape(-1, 3, 4, 3))


def _perceptual(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.mean(jnp.square(a - b), axis=(1, 2, 3))


def _embed(images: jax.Array) -> jax.Array:
    flat = images.reshape(len(images), -1)
    return flat / jnp.linalg.norm(flat, axis=1, keepdims=True)


PERCEPTION = Perception(Partial(_perceptual), Partial(_embed))


def _surrogate(A: jax.Array, b: jax.Array, w_avg: jax.Array, d: jax.Array, ws: jax.Array) -> jax.Array:
    return latents.opposite(jnp.tanh((ws - w_avg) @ A) + b, w_avg, d)


def toy_surrogates(arrays: Mapping[str, np.ndarray], d: float) -> Partial:
    """D of the goldens."""
    return Partial(_surrogate, *(jnp.asarray(arrays[n]) for n in ("A", "b", "w_avg")), jnp.asarray(d))


def by_name(tree: Any) -> dict[str, np.ndarray]:
    """A pytree of the toy's parameters under the goldens' names."""
    flat = nnx.to_flat_state(tree)
    return {".".join(map(str, path[2:])): np.asarray(leaf.get_value()) for path, leaf in flat}


def like(tree: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """A pytree of the same structure with other values, given under the goldens' names."""
    flat = nnx.to_flat_state(tree)
    filled = [(path, leaf.replace(jnp.asarray(arrays[".".join(map(str, path[2:]))]))) for path, leaf in flat]
    return nnx.from_flat_state(filled)
