"""What a surrogate should be: close in structure, far in looks and identity (SUGAR Eq. 4). `B` people."""

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
    """Loss of the mapper, a number.

    Args:
      planes: `[B]`, mean squared differences of the planes of person and surrogate.
      perceptual: `[B]`, LPIPS of their pictures.
      identity: `[B]`, 1 - cosine of their embeddings.
      weights: of the three.
      form: "paper" is Eq. 4. "official" scales the identity term by the planes term and gives it no gradient,
        because the official loss detaches the surrogate's embedding: it moves the reported loss and with it
        the early stopping, and nothing else.
      enough: cosine at which a surrogate is a different person, and its identity is not pushed any further;
        -1 never is, as in the paper, whose surrogates may end as opposites.
      alike: `[P]`, cosines of pairs of surrogates. Eq. 4 asks nothing of them, and a mapper may meet it by
        one face for everybody, which the generator then learns to show for everybody else, too.
      distinct: weight of what `alike` is above `enough`; 0 in the paper.
      power: of what cosines are above `enough`. 1, as in the paper, pushes everybody alike; 2 pushes those
        hardest whose surrogates resemble them most, and hardly those who are nearly different enough.
    """

    def above(cosines: jax.Array) -> jax.Array:
        return jnp.mean(jnp.maximum(cosines - enough, 0) ** power)

    near = weights.planes * jnp.mean(planes)
    far, other = jnp.mean(perceptual), 1 - enough - above(1 - identity)
    if form == "official":
        other = jax.lax.stop_gradient(near * other)
    same = 0.0 if alike is None or not len(alike) else enough + above(alike)
    return near - weights.perceptual * far - weights.identity * other + distinct * same
