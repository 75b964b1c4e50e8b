"""Whole GUIDE steps against the official loop: losses, gradients, parameters."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import torch_bridge
from eg3d_flax import Compute
from eg3d_flax.torch_names import LAYOUT
from jaxunlearn.methods import latents
from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import split_generator
from jaxunlearn.training.step import Frozen
from tests.support.alone import alone
from tests.support.golden import golden
from tests.support.guide_golden import PARTS, STEPS, TERMS, GuideCase, WatchedStep, guide_case, recording
from tests.support.layouts import nchw, nhwc, pool8
from tests.support.official_settings import GUIDE, NAMED_PIVOT
from tests.support.precision import as_dtype
from tests.support.standin import StandIn

pytestmark = pytest.mark.parity

SAMPLINGS = {"guide_const": dataclasses.replace(GUIDE, views=NAMED_PIVOT), "guide_random": GUIDE}


def by_name(tree) -> dict[str, np.ndarray]:
    """A pytree of the synthesis backbone under official names, in torch layout."""
    flat = {".".join(map(str, path)): np.asarray(v.get_value()) for path, v in nnx.to_flat_state(tree)}
    return torch_bridge.to_torch(flat, LAYOUT)


# In float64 the tolerances hold as they stand; in float32 they are widened, see `tests.support.precision`.
# Seen on a few processors: of guide_const, one layer's gradients up to 6 times outside; of guide_random,
# gradients and losses after an update up to 2.4 times: 81 of the first 962,189 gradients have another sign.
ROUNDING = "rounding in float32, at kinks and after updates by Adam"
KINKS = {"guide_const": ("b256.torgb.weight", 20.0)}
DRIFT = {"guide_random": 3.0}


def widened(case: str, dtype: str, step: int, name: str) -> float:
    """How many times its tolerance a gradient may be off."""
    if dtype == "float64":
        return 1.0
    kinked, kink = KINKS.get(case, ("", 1.0))
    return kink if name == kinked else DRIFT.get(case, 1.0) if step else 1.0


def check_values(case: GuideCase, dtype: str, kind: str, step: int, found: dict[str, np.ndarray]) -> None:
    """The recorded entries of some parameters."""
    for output in case.golden.entry["outputs"]:
        prefix = f"{kind}.s{step}."
        if output["name"].startswith(prefix):
            name = output["name"].removeprefix(prefix)
            index = case.golden.input(f"idx.{name}")
            values = found[f"backbone.synthesis.{name}"].reshape(-1)[index]
            widen, reason = 1.0, ROUNDING
            if kind == "grad":
                widen = widened(case.golden.name, dtype, step, name)
            if kind == "delta":  # a difference of float32 values cannot be finer than they are
                value = np.abs(case.golden.output(f"init.{name}")).max()
                widen, reason = np.spacing(value) / case.golden.atol(output["name"]), "one rounding step"
            case.golden.check(output["name"], values, widen=max(widen, 1.0), reason=reason)


def test_stand_in_for_lpips():
    case = golden("eg3d", "standin")
    a, b = nhwc(case.input("a")), nhwc(case.input("b"))
    distance = jax.jit(StandIn(case.seed))
    case.check("d", distance(a, b).reshape(2, 1, 1, 1))
    case.check("grad", nchw(jax.jit(jax.grad(lambda a: distance(a, b).mean()))(a)))


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        pytest.param("guide_const", "float64", marks=pytest.mark.must),
        pytest.param("guide_const", "float32", marks=pytest.mark.slow),
        pytest.param("guide_random", "float64", marks=pytest.mark.slow),
        pytest.param("guide_random", "float32", marks=pytest.mark.slow),
    ],
)
def test_three_official_steps(name, dtype):
    with jax.enable_x64(dtype == "float64"):
        check_three_steps(name, dtype)


def check_three_steps(name: str, dtype: str) -> None:
    case = guide_case(name)
    check = case.golden.check
    optimiser = optax.chain(recording(), optax.adam(1e-4))
    settings = StepSettings(
        SAMPLINGS[name],
        noise_mode=case.noise_mode,  # type: ignore[arg-type]
        draws="independent",
        compute=Compute(dtype=jnp.dtype(dtype)),
    )
    split = split_generator(case.generator)
    trainable, fixed = as_dtype((split.trainable, split.fixed), dtype)
    frozen = Frozen(trainable, fixed, case.perception)
    step = WatchedStep(split.graphdef, optimiser, settings)

    frontal = conditioning_view(case.generator.config)
    ws = case.generator.mapping(jnp.asarray(case.golden.input("z_u")), frontal)[0]
    ws_target = latents.extrapolated_target(ws, jnp.asarray(case.golden.input("w_avg")), 30.0)
    check("w_u", ws[:1])
    check("w_target", ws_target)

    target = step.target(frozen, *as_dtype((ws, ws_target), dtype))
    state = step.init(frozen)
    update = jax.jit(alone(step.update))
    initial = by_name(state.trainable)
    measured = []
    for k in range(STEPS):
        draws = as_dtype(case.draws(k), dtype)
        state, measurements = update(state, frozen, target, draws)
        images = measurements.pop("images")
        if k == 0:
            check_images(case, *images)
        measured.append(jax.device_get(measurements))
        now, gradient = by_name(state.trainable), by_name(state.optimiser[0])  # type: ignore[index]
        check_values(case, dtype, "grad", k, gradient)
        check_values(case, dtype, "value", k, now)
        delta = {name: now[name] - initial[name] for name in now}
        check_values(case, dtype, "delta", k, delta)
        if k in (0, 2):
            names = case.golden.entry["trainable"]
            for kind, values in (("gradnorm", gradient), ("deltanorm", delta)):
                check(f"{kind}.s{k}", [np.linalg.norm(values[n].astype(np.float64)) for n in names])
    check_losses(case, dtype, measured)


def check_images(case: GuideCase, found: jax.Array, wanted: jax.Array) -> None:
    for side, rendered in (("gen", found), ("src", wanted)):
        images = nchw(rendered)
        case.golden.check(f"image.s0.local.{side}.synth", images[:1, :, ::2, ::2])
        for i, part in enumerate(PARTS[1:], start=1):
            case.golden.check(f"image.s0.{part}.{side}.synth.pool8", pool8(images[i : i + 1]))


def check_losses(case: GuideCase, dtype: str, measured: list[dict[str, np.ndarray]]) -> None:
    def check(name: str, of_steps: list[np.ndarray]) -> None:
        error = np.abs(of_steps[0] - case.golden.output(name)[0])
        assert error <= case.golden.atol(name), f"{case.golden.name}/{name}: {error} before any update"
        widen = 1.0 if dtype == "float64" else DRIFT.get(case.golden.name, 1.0)
        case.golden.check(name, of_steps, widen=widen, reason=ROUNDING)

    check("total", [m["loss"] for m in measured])
    for i, part in enumerate(PARTS):
        for theirs, ours in TERMS.items():
            if not (part.startswith("glob") and theirs != "lpips"):
                check(f"parts.{part}.{theirs}", [m[ours][i] for m in measured])
    weighted = [0.01 * m["planes"] + m["perceptual"] + 0.1 * m["identity"] for m in measured]
    check("loss_local", [w[0] for w in weighted])
    check("loss_adj", [w[1] + w[2] for w in weighted])
    check("loss_global", [m["perceptual"][3] + m["perceptual"][4] for m in measured])
