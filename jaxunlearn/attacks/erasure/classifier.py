"""Train a classifier of forgotten and retained people, and test it on people it was not trained on.

`N` forgotten and `M` retained people, `F` features, `G` trainings (folds x divisions into folds).
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jaxunlearn.attacks.erasure.chance import Wins
from jaxunlearn.attacks.erasure.detectors import Detector

WEIGHT_DECAY = 0.1
"""Weight of half the squared coefficients beside the mean loss of a person; chosen without tuning."""

STEPS = 30
"""Steps of L-BFGS; the loss is convex, and they bring it to its minimum in practice."""


def trained_classifier(
    features: np.ndarray, forgotten: int, folds: int, fold_draws: int, seed: int
) -> Detector:
    """Return the detector that learns the difference from some of the forgotten and tests it on the others.

    It is a logistic regression, in which both kinds of people weigh the same. Only people of the same fold
    are compared, as they were tested by the same classifier.

    Args:
      features: `[N + M, F]`, of the people under test.
      forgotten: `N`, at least `folds`.
      folds: number of parts into which either kind of people is divided.
      fold_draws: number of random divisions.
      seed: of the divisions.
    """
    people = len(features)
    fold = _folds(forgotten, people - forgotten, folds, fold_draws, seed)
    tested = np.concatenate([fold == k for k in range(folds)])
    labels = jnp.arange(people) < forgotten
    compared = (tested[:, :forgotten, None] & tested[:, None, forgotten:]).astype(np.int64)

    def detect(order: np.ndarray) -> Wins:
        scores = np.asarray(_cross_validated(jnp.asarray(features[order]), labels, jnp.asarray(~tested)))
        margin = scores[:, :forgotten, None] - scores[:, None, forgotten:]
        won = np.sum(compared * np.where(margin == 0, 0.5, margin > 0), axis=0)
        number = compared.sum(axis=0)
        return Wins(won / np.maximum(number, 1), number)

    return detect


def _folds(forgotten: int, retained: int, folds: int, draws: int, seed: int) -> np.ndarray:
    """Return the fold of each person in each division, `[draws, N + M]`."""
    rng = np.random.default_rng((seed, 3))

    def divided(count: int) -> np.ndarray:
        return rng.permutation(np.arange(count) % folds)

    return np.stack([np.concatenate([divided(forgotten), divided(retained)]) for _ in range(draws)])


@jax.jit
def _cross_validated(features: jax.Array, labels: jax.Array, trained: jax.Array) -> jax.Array:
    """Train on the people that `trained` `[G, N + M]` names; return everybody's scores `[G, N + M]`."""
    return jax.vmap(lambda rows: _scores(features, labels, rows))(trained)


def _scores(features: jax.Array, labels: jax.Array, trained: jax.Array) -> jax.Array:
    weight = jnp.where(labels, trained / jnp.sum(trained & labels), trained / jnp.sum(trained & ~labels)) / 2
    mean = weight @ features
    deviation = jnp.sqrt(weight @ jnp.square(features - mean))
    x = (features - mean) / jnp.where(deviation > 1e-6, deviation, 1.0)

    def loss(parameters: tuple[jax.Array, jax.Array]) -> jax.Array:
        coefficients, intercept = parameters
        losses = optax.sigmoid_binary_cross_entropy(x @ coefficients + intercept, labels)
        return weight @ losses + WEIGHT_DECAY / 2 * jnp.sum(jnp.square(coefficients))

    optimiser = optax.lbfgs()
    value_and_gradient = optax.value_and_grad_from_state(loss)

    def step(_, carry):
        parameters, state = carry
        value, gradient = value_and_gradient(parameters, state=state)
        updates, state = optimiser.update(
            gradient, state, parameters, value=value, grad=gradient, value_fn=loss
        )
        return optax.apply_updates(parameters, updates), state

    start = (jnp.zeros(x.shape[1]), jnp.zeros(()))
    (coefficients, intercept), _ = jax.lax.fori_loop(0, STEPS, step, (start, optimiser.init(start)))
    return x @ coefficients + intercept
