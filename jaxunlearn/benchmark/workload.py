"""The step that is measured or compiled: the one that `runner.unlearn` runs, on a named set of networks."""

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh

from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import GeneratorConfig, TriPlaneGenerator
from jaxunlearn import configuration, presets
from jaxunlearn.errors import InputError
from jaxunlearn.generators import RANDOM_FULL_SIZE
from jaxunlearn.identity import identity_network
from jaxunlearn.losses import Perception
from jaxunlearn.mesh import by_identity, everywhere
from jaxunlearn.models import Models, RandomWeights, load_models
from jaxunlearn.presets import ConfigDict
from jaxunlearn.program import StepRecipe
from jaxunlearn.step import Frozen, split_generator
from jaxunlearn.views import conditioning_view
from lpips_flax import LPIPS

Pytree = Any


@dataclasses.dataclass(frozen=True)
class Preset:
    """A set of networks and the settings that suit them.

    Attributes:
      load: the networks with weights.
      outline: the networks with shapes in place of weights.
      config: GUIDE's settings.
    """

    load: Callable[[], Models]
    outline: Callable[[], Models]
    config: Callable[[], ConfigDict]


def _load_full() -> Models:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RandomWeights)  # speed does not depend on them
        return load_models(RANDOM_FULL_SIZE)


def _outline_full() -> Models:
    face = nnx.eval_shape(lambda: ArcFace(ArcFaceConfig.ir_se50(), rngs=nnx.Rngs(0)))
    identity = identity_network(face, name="IR-SE50", threshold=None, framing="face")
    generator = nnx.eval_shape(lambda: TriPlaneGenerator(GeneratorConfig.ffhq512_128(), rngs=nnx.Rngs(0)))
    lpips = nnx.eval_shape(lambda: LPIPS("vgg", rngs=nnx.Rngs(0)))
    return Models(RANDOM_FULL_SIZE, generator, lpips, "LPIPS VGG", identity, identity)


PRESETS: Mapping[str, Preset] = {
    "heads": Preset(load_models, load_models, presets.heads),
    "full": Preset(_load_full, _outline_full, presets.paper),
}
"""The bundled 64² generator with its networks; EG3D's 512² one with VGG16 and IR-SE50, weights drawn."""


@dataclasses.dataclass(frozen=True)
class Workload:
    """Networks and settings; latents are drawn, and lengths in latent space are taken as they are.

    Attributes:
      generator: the source.
      perception: how images are compared.
      config: GUIDE's settings.
    """

    generator: TriPlaneGenerator
    perception: Perception
    config: ConfigDict

    @classmethod
    def of(cls, models: Models, config: ConfigDict) -> "Workload":
        """Check the settings first.

        Raises:
          InputError: if settings make no sense, or are not GUIDE's.
        """
        configuration.check(config)
        if config.method != "guide":
            raise InputError(f"config.method is {config.method!r}: GUIDE's step is what can be measured")
        return cls(models.generator, models.perception(config.rendering.dtype), config)

    def recipe(self, copies: int, mesh: Mesh | None, platform: str) -> StepRecipe:
        """The program's recipe for devices of a platform, as `jax.default_backend()` names it."""
        settings = configuration.step_settings(self.config, self.generator.config, 1.0, platform=platform)
        graphdef = split_generator(self.generator).graphdef
        adam, at_once = configuration.adam(self.config), self.config.copies_at_once
        return StepRecipe(graphdef, adam, settings, copies, mesh, at_once)

    def frozen(self) -> Frozen:
        """What no step changes."""
        split = split_generator(self.generator)
        return Frozen(split.trainable, split.fixed, self.perception)

    def arguments(self, recipe: StepRecipe) -> tuple[Pytree, ...]:
        """State, frozen part, targets and keys of the first step, where the program wants them."""
        frozen, copies = recipe.everywhere(self.frozen()), recipe.copies
        z = jax.random.normal(jax.random.key(1), (2 * copies, self.generator.config.z_dim))
        ws = self.generator.mapping(z, conditioning_view(self.generator.config, 2 * copies))
        keys = jax.random.split(jax.random.key(self.config.seed), copies)
        state, target, keys = recipe.start(frozen, (ws[:copies], ws[copies:]), keys)
        return state, frozen, target, keys

    def outline(self, recipe: StepRecipe) -> tuple[Pytree, ...]:
        """The same as shapes with their places, for networks that may be shapes themselves; needs a mesh."""
        mesh, trained, config = recipe.mesh, recipe.trained, self.generator.config
        assert mesh is not None
        frozen = self.frozen()
        ws = jax.ShapeDtypeStruct((trained, config.num_ws, config.w_dim), jnp.float32)
        keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), trained))
        alone = dataclasses.replace(recipe, mesh=None, copies=trained)
        state, target, keys = jax.eval_shape(alone.start, frozen, (ws, ws), keys)
        copies, same = by_identity(mesh), everywhere(mesh)
        return placed(state, copies), placed(frozen, same), placed(target, copies), placed(keys, copies)


def placed(tree: Pytree, where: Any) -> Pytree:
    """The shapes of arrays, with a sharding."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where), tree)
