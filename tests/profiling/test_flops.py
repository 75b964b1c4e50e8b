"""Operations counted from the architecture, against the known numbers and against XLA's count."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import Compute, GeneratorConfig, TriPlaneGenerator
from eg3d_flax.planes import sample_from_planes
from eg3d_flax.synthesis import SynthesisNetwork
from jaxunlearn.methods.config.from_config import StepSettings
from jaxunlearn.methods.guide.pairs import GuideSampling
from jaxunlearn.methods.losses import term_weights
from jaxunlearn.models import flops
from jaxunlearn.models.flops import Networks
from jaxunlearn.profiling.by_part import step_flops
from lpips_flax import LPIPS

FULL = GeneratorConfig.ffhq512_128()
FULL_NETWORKS = Networks(FULL, "vgg", ArcFaceConfig.ir_se50())


@pytest.mark.parametrize(
    ("found", "published"),
    [
        (flops.backbone(FULL), 94),
        (flops.decoder(FULL, 128), 13),
        (flops.superresolution(FULL), 198),
        (flops.perceptual("vgg", 512), 160),
        (flops.identity(ArcFaceConfig.ir_se50()), 12.6),
        (flops.identity(ArcFaceConfig.ir_101()), 24),
    ],
)
def test_the_known_numbers(found, published):
    """GFLOP; the published ones are rounded, and count the resampling filters, which are under 1 %."""
    assert found / 1e9 == pytest.approx(published, rel=0.013)


def test_a_step_takes_7_5_tflop():
    work = step_flops.step(FULL_NETWORKS, StepSettings(GuideSampling()))
    assert step_flops.total(work) / 1e12 == pytest.approx(7.5, rel=0.01)
    assert tuple(work) == step_flops.PARTS
    assert work["backbone"].backward == 10 * flops.backbone(FULL)  # five pairs: weights and inputs
    assert work["backbone"].forward == 9 * flops.backbone(FULL)  # the target's planes are kept
    assert work["identity"].forward == 6 * flops.identity(ArcFaceConfig.ir_se50())


def test_what_is_not_computed_is_not_counted():
    planes_only = term_weights(planes=1.0, perceptual=0.0, identity=0.0)
    silent = GuideSampling(terms=planes_only, num_global=0)
    work = step_flops.step(FULL_NETWORKS, StepSettings(silent))
    assert [name for name, part in work.items() if part.total] == ["backbone"]
    twice = step_flops.step(
        FULL_NETWORKS, StepSettings(GuideSampling(), draws="independent", noise_mode="random")
    )
    assert twice["backbone"].forward == (5 + 3 + 5 + 3) * flops.backbone(FULL)


def counted(function, *shapes) -> float:
    """XLA's count, before it optimises; leaves out what meets a convolution's padding."""
    return jax.jit(function).lower(*shapes).cost_analysis()["flops"]  # type: ignore[index]


def shape(*sides: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(sides, jnp.float32)


SMALL = dataclasses.replace(FULL, channel_base=8192, channel_max=128, plane_resolution=128)


def outline(make):
    return nnx.split(nnx.eval_shape(make))


def test_the_backbone_and_its_gradient_as_xla_counts_them():
    def make() -> SynthesisNetwork:
        return SynthesisNetwork(512, 128, 96, channel_base=8192, channel_max=128, rngs=nnx.Rngs(0))

    graphdef, state = outline(make)
    params, others = nnx.split_state(state, nnx.Param, ...)

    def energy(params, others, ws):
        return jnp.sum(nnx.merge(graphdef, params, others)(ws, compute=Compute(filtering="depthwise")))

    arguments = (params, others, shape(1, 12, 512))
    own = flops.backbone(SMALL)
    assert counted(energy, *arguments) == pytest.approx(own, rel=0.12)
    assert counted(jax.grad(energy), *arguments) == pytest.approx(3 * own, rel=0.12)


@pytest.mark.parametrize("net", ["vgg", "alex", "squeeze"])
def test_a_perceptual_network_as_xla_counts_it(net):
    graphdef, state = outline(lambda: LPIPS(net, rngs=nnx.Rngs(0)))
    found = counted(lambda state, x: nnx.merge(graphdef, state).features(x), state, shape(1, 512, 512, 3))
    assert found == pytest.approx(flops.perceptual(net, 512), rel=0.06)


def test_the_identity_network_as_xla_counts_it():
    config = ArcFaceConfig.ir_se50()
    graphdef, state = outline(lambda: ArcFace(config, rngs=nnx.Rngs(0)))
    found = counted(lambda state, x: nnx.merge(graphdef, state)(x), state, shape(1, 112, 112, 3))
    assert found == pytest.approx(flops.identity(config), rel=0.08)


def test_the_rendering_as_xla_counts_it():
    config = dataclasses.replace(FULL, plane_resolution=16)
    graphdef, state = outline(lambda: TriPlaneGenerator(config, rngs=nnx.Rngs(0)))
    rays = 8
    many = flops.points(config, rays)

    def decode(state, features):
        return nnx.merge(graphdef, state).decoder(features)

    found = counted(decode, state, shape(1, 3, many, 32))
    assert found == pytest.approx(flops.decoder(config, rays), rel=0.1)  # and softplus

    def look(planes, at):
        return sample_from_planes(planes, at, box_warp=1.0)

    found = counted(look, shape(1, 3, 16, 16, 32), shape(1, many, 3))
    assert found == pytest.approx(flops.lookup(config, rays), rel=0.3)  # and where the points lie

    def enlarge(state, rgb, features, ws):
        enlarging = nnx.merge(graphdef, state).superresolution
        assert enlarging is not None
        return enlarging(rgb, features, ws)

    arguments = shape(1, 128, 128, 3), shape(1, 128, 128, 32), shape(1, config.num_ws, 512)
    found = counted(enlarge, state, *arguments)
    assert found == pytest.approx(flops.superresolution(config), rel=0.03)
