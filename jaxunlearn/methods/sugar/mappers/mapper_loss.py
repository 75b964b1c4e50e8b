"""Loss of the mapper: surrogates near in structure, far in looks and identity (SUGAR Eq. 4). `B` people."""

import dataclasses
from typing import Literal

import jax
import jax.numpy as jnp

Form = Literal["paper", "official"]


@dataclasses.dataclass(frozen=True)
class MapperWeights:
    """Weights of what the mapper should do: stay near in planes, go far in looks and identity."""

    planes: float
    perceptual: float
    identity: float


def surrogate_objective(
    planes: jax.Array,
    perceptual: jax.Array,
    identity: jax.Array,
    weights: MapperWeights,
    form: Form,
    enough: float = -1.0,
    alike: jax.Array | None = None,
    distinct: float = 0.0,
    power: float = 1.0,
) -> jax.Array:
    """Compute the loss of the mapper, a number.

    Args:
      planes: `[B]`, mean squared differences of the planes of person and surrogate.
      perceptual: `[B]`, LPIPS of their images.
      identity: `[B]`, 1 - cosine of their embeddings.
      weights: weights of the three.
      form: "paper" is Eq. 4. "official" scales the identity term by the planes term and gives it no gradient,
        because the official loss detaches the surrogate's embedding. The term then moves only the reported
        loss, and through it the early stopping.
      enough: cosine below which a surrogate is different enough, and is not pushed further. -1, as in the
        paper, never is: surrogates may end as opposites.
      alike: `[P]`, cosines of pairs of surrogates. Eq. 4 does not use them. A mapper may then give everybody
        one face, and the generator learns to show that face for other people, too.
      distinct: weight of how far `alike` is above `enough`; 0 in the paper.
      power: power of how far cosines are above `enough`. 1, as in the paper, pushes everybody alike; 2 pushes
        surrogates hardest which resemble their person most.
    """

    def above(cosines: jax.Array) -> jax.Array:
        return jnp.mean(jnp.maximum(cosines - enough, 0) ** power)

    near = weights.planes * jnp.mean(planes)
    far, other = jnp.mean(perceptual), 1 - enough - above(1 - identity)
    if form == "official":
        other = jax.lax.stop_gradient(near * other)
    same = 0.0 if alike is None or not len(alike) else enough + above(alike)
    return near - weights.perceptual * far - weights.identity * other + distinct * same
