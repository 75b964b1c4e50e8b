"""Fisher and penalty against the official code, and why the literal Fisher is zero."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxunlearn.methods import ewc, latents
from jaxunlearn.models.generator import split_generator
from tests.support.official_settings import FISHER
from tests.support.sugar_golden import sugar_golden
from tests.support.sugar_toy import ToyGenerator, by_name, like


@pytest.mark.parity
def test_penalty_and_gradient():
    case = sugar_golden("ewc")
    fisher, anchor, params = (case.under(f"{name}.") for name in ("fisher", "anchor", "params"))
    memory = ewc.Memory(fisher, anchor, jnp.asarray(case["lmbda"], jnp.float32))
    value, gradient = jax.value_and_grad(ewc.penalty)(params, memory)
    case.check("penalty", value, 1e-6)
    for name in params:
        case.check(f"grad.{name}", gradient[name], 1e-6)


def probes_of(case, tag: str) -> jax.Array:
    """The official probes, two a person, in the order they are made."""
    radius = 25.0 if tag == "random_sampling" else FISHER.radius
    made = [
        latents.vicinity_probes(
            jnp.asarray(w),
            jnp.asarray(pair),
            radius,
            centre=jnp.asarray(case["w_avg"][0]),
            norm_over=FISHER.norm_over,
        )
        for w, pair in zip(case["w_u"], case[f"{tag}.w_map"], strict=True)
    ]
    return jnp.concatenate(made)


def agreement(parameters, context, probe, _):
    """The official probe loss: planes of the two generators, ascended."""
    graphdef, fixed, source = context
    from flax import nnx

    planes = [nnx.merge(graphdef, p, fixed).planes(probe[None]) for p in (parameters, source)]
    return -FISHER.weight * jnp.mean(jnp.square(planes[0] - planes[1]))


@pytest.mark.parity
@pytest.mark.parametrize("tag", ["default", "random_sampling", "equal_nets"])
@pytest.mark.parametrize("stepping", [True, False])
def test_the_official_fisher(tag, stepping):
    case = sugar_golden("fim")
    split = split_generator(ToyGenerator(case.under("src.backbone.synthesis.")))  # type: ignore[arg-type]
    probes = probes_of(case, tag)
    case.check(f"{tag}.probes", probes, 1e-5)
    visited = probes[jnp.asarray(case[f"{tag}.visit_order"])]
    start = like(split.trainable, case.under(f"{tag}.params_before."))
    optimiser = optax.adam(case.entry["adam_lr"]) if stepping else None
    context, keys = (split.graphdef, split.fixed, split.trainable), jax.random.split(jax.random.key(0), 6)
    estimate = jax.jit(lambda p, x, k: ewc.diagonal_fisher(agreement, p, context, x, k, optimiser))(
        start, visited, keys
    )
    name = "fisher" if stepping else "fisher_no_step"
    if tag == "equal_nets":  # the trap: equal deterministic generators agree perfectly, so nothing matters
        assert ewc.largest(estimate.fisher) == 0
        return
    for parameter, value in by_name(estimate.fisher).items():
        case.check(f"{tag}.{name}.{parameter}", value, 1e-4)
    if stepping:
        for parameter, value in by_name(estimate.parameters).items():
            case.check(f"{tag}.params_after.{parameter}", value, 1e-5)


@pytest.mark.parity
def test_the_papers_shell():
    case = sugar_golden("fim")
    radius = float(case["shell.radius"])
    shells = [
        latents.vicinity_probes(jnp.asarray(w), jnp.asarray(pair), radius)
        for w, pair in zip(case["w_u"], case["default.w_map"], strict=True)
    ]
    case.check("shell.probes", jnp.concatenate(shells), 1e-5)
    away = np.linalg.norm(np.stack(shells) - case["w_u"][:, None], axis=(2, 3))
    np.testing.assert_allclose(away, radius, rtol=1e-5)


@pytest.mark.parity
def test_random_projections_give_the_gauss_newton_diagonal():
    """At the very point where the literal Fisher is zero; against the exact Jacobian."""
    case = sugar_golden("fim")
    split = split_generator(ToyGenerator(case.under("src.backbone.synthesis.")))  # type: ignore[arg-type]
    from flax import nnx

    def planes(parameters, probe):
        return nnx.merge(split.graphdef, parameters, split.fixed).planes(probe[None]).reshape(-1)

    def loss(parameters, _, probe, key):
        return ewc.projection(planes(parameters, probe), key)

    probe = probes_of(case, "default")[0]
    jacobian = jax.jacobian(planes)(split.trainable, probe)
    exact = by_name(jax.tree.map(lambda j: jnp.mean(jnp.square(j), axis=0), jacobian))
    count = 2000
    keys = jax.random.split(jax.random.key(1), count)
    probes = jnp.broadcast_to(probe, (count, *probe.shape))
    estimate = jax.jit(lambda p: ewc.diagonal_fisher(loss, p, None, probes, keys))(split.trainable)
    found = by_name(estimate.fisher)
    assert ewc.largest(estimate.fisher) > 0
    for name, value in exact.items():
        np.testing.assert_allclose(found[name], value, atol=0.15 * value.max())


@pytest.mark.parity
def test_probes_that_do_not_count():
    case = sugar_golden("fim")
    split = split_generator(ToyGenerator(case.under("src.backbone.synthesis.")))  # type: ignore[arg-type]
    context, probes = (split.graphdef, split.fixed, split.trainable), probes_of(case, "default")
    start = like(split.trainable, case.under("default.params_before."))
    keys = jax.random.split(jax.random.key(0), len(probes))
    two = ewc.diagonal_fisher(agreement, start, context, probes[:2], keys[:2])
    weights = jnp.array([0.5, 0.5, 0.0])
    three = ewc.diagonal_fisher(agreement, start, context, probes[:3], keys[:3], weights=weights)
    assert ewc.largest(two.fisher) > 0
    for name, value in by_name(three.fisher).items():
        np.testing.assert_allclose(value, by_name(two.fisher)[name], rtol=1e-6)


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_fisher_that_is_partly_not_finite_is_seen(name):
    fisher = {"a": jnp.array([1.0, 2.0]), "b": jnp.array([3.0])}
    assert ewc.largest(fisher) == 3
    assert np.isnan(ewc.largest({**fisher, name: jnp.array([jnp.nan])}))


def test_fishers_of_several_requests():
    old, new = {"a": jnp.array([1.0, 2.0])}, {"a": jnp.array([3.0, 0.0])}
    np.testing.assert_array_equal(ewc.accumulated(None, new)["a"], new["a"])
    np.testing.assert_array_equal(ewc.accumulated(old, new)["a"], [4, 2])
    np.testing.assert_array_equal(ewc.accumulated(old, new, decay=0.5)["a"], [3.5, 1])
