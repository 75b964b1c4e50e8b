"""The GUIDE goldens: whole steps of the official loop with every random number known."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

import arcface_flax
from eg3d_flax import GeneratorConfig, TriPlaneGenerator, from_torch
from eg3d_flax.synthesis import Noise
from jaxunlearn.methods.guide.pairs import GuideDraws
from jaxunlearn.models.perception import Perception
from jaxunlearn.training.step import Draws, Frozen, SideDraws, Target, UnlearningStep
from tests.support.golden import GoldenCase, draw_normal, draw_uniform, golden
from tests.support.identity_networks import guide_identity_network
from tests.support.layouts import nhwc
from tests.support.standin import StandIn

PARTS = ("local", "adj0", "adj1", "glob0", "glob1")
STEPS = 3
TERMS = {"mse": "planes", "lpips": "perceptual", "id": "identity"}
"""Names of the terms in the goldens → ours."""


@dataclasses.dataclass(frozen=True)
class GuideCase:
    """The case `guide_const` or `guide_random`."""

    golden: GoldenCase

    @functools.cached_property
    def generator(self) -> TriPlaneGenerator:
        config = GeneratorConfig.from_official(self.golden.entry["constructor_args"], 32)
        return from_torch(self.golden.weights(), config)

    @functools.cached_property
    def perception(self) -> Perception:
        network = guide_identity_network(self.golden.seed)
        return Perception(
            Partial(StandIn(self.golden.seed)),
            Partial(lambda images: network(arcface_flax.identity_crop(images))),
        )

    @property
    def noise_mode(self) -> str:
        return self.golden.entry["options"]["noise_mode"].split()[0]

    def draws(self, step: int) -> Draws:
        """Return every random number of one step."""
        case = self.golden
        z = np.concatenate([case.input("z_ra")[step], case.input("z_rg")[step]])
        yaw = np.full(len(PARTS), case.input("angle_y")[step], np.float32)
        pairs = GuideDraws(jnp.asarray(z), jnp.asarray(case.input("alpha")[step]), jnp.asarray(yaw))
        return Draws(pairs, self._side(step, "gen"), self._side(step, "src"))

    def _side(self, step: int, side: str) -> SideDraws:
        tags = [f"s{step}.{part}.{side}" for part in PARTS]
        config = self.generator.config
        coarse, fine = (1, 1024, config.depth_resolution, 1), (1, 1024, config.depth_resolution_importance)
        jitter = {
            "coarse": self._uniform([f"{tag}.synth.jitter_coarse" for tag in tags], coarse),
            "fine": self._uniform([f"{tag}.synth.u_fine" for tag in tags], fine),
        }
        if self.noise_mode != "random":
            return SideDraws(jitter, None, None)  # type: ignore[arg-type]
        image, planes = (self._noise([f"{tag}.{use}" for tag in tags]) for use in ("synth", "planes"))
        return SideDraws(jitter, image, planes)  # type: ignore[arg-type]

    def _uniform(self, names: list[str], shape: tuple[int, ...]) -> jax.Array:
        draws = [draw_uniform(f"input:{self.golden.name}:{n}", shape, self.golden.seed) for n in names]
        return jnp.asarray(np.concatenate(draws))

    def _noise(self, tags: list[str]) -> Noise:
        noise = {}
        for name, layer in self.generator.backbone.synthesis.noise_layers.items():
            shape = (1, 1, layer.resolution, layer.resolution)
            names = [f"input:{self.golden.name}:{tag}.noise.{name}" for tag in tags]
            noise[name] = nhwc(np.concatenate([draw_normal(n, shape, self.golden.seed) for n in names]))
        return noise


def guide_case(name: str) -> GuideCase:
    """Load the case called `name`."""
    return GuideCase(golden("eg3d", name))


class WatchedStep(UnlearningStep):
    """A step that measures the images, too, which its loss compares: `images`, ours and the source's."""

    def render(self, trainable: Any, frozen: Frozen, target: Target, draws: Draws) -> Any:
        self._rendered = super().render(trainable, frozen, target, draws)
        return self._rendered

    def losses(self, trainable: Any, frozen: Frozen, target: Target, draws: Draws) -> Any:
        loss, terms = super().losses(trainable, frozen, target, draws)
        return loss, {**terms, "images": tuple(rendered.image for rendered in self._rendered)}


def recording() -> optax.GradientTransformation:
    """Return an optimiser that passes gradients on and keeps them as its state."""
    return optax.GradientTransformation(
        lambda params: jax.tree.map(jnp.zeros_like, params),
        lambda updates, state, params=None: (updates, updates),
    )
