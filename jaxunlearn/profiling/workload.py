"""The step that is measured or compiled: the one that `runner.unlearn` runs, on a named set of networks."""

import dataclasses
import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.sharding import Mesh

from arcface_flax import ArcFace, ArcFaceConfig
from eg3d_flax import GeneratorConfig, TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.methods import configuration, from_config
from jaxunlearn.methods.registry import method_of, named
from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import RANDOM_FULL_SIZE, split_generator
from jaxunlearn.models.identity import identity_network
from jaxunlearn.models.loading import Models, RandomWeights, load_models
from jaxunlearn.models.perception import Perception
from jaxunlearn.sharding import by_identity, everywhere
from jaxunlearn.training.compiled_step import StepRecipe
from jaxunlearn.training.step import Frozen
from lpips_flax import LPIPS

Pytree = Any


@dataclasses.dataclass(frozen=True)
class Preset:
    """A set of networks and the settings that suit them.

    Attributes:
      load: the networks with weights.
      outline: the networks with shapes in place of weights.
      suffix: names the settings of a method that suit them: "heads" or "paper".
    """

    load: Callable[[], Models]
    outline: Callable[[], Models]
    suffix: str

    def config(self, method: str = "guide", people: int = 1) -> ConfigDict:
        """Settings of a method by its name; `people` share one generator where the method has it so."""
        return named(method).preset(self.suffix, people)


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
    "heads": Preset(load_models, load_models, "heads"),
    "full": Preset(_load_full, _outline_full, "paper"),
}
"""The bundled 64² generator with its networks; EG3D's 512² one with VGG16 and IR-SE50, weights drawn."""


@dataclasses.dataclass(frozen=True)
class Workload:
    """Networks and settings; latents are drawn, and lengths in latent space are taken as they are.

    SUGAR's mapper has the weights that training would start from, and its Fisher is zero.

    Attributes:
      generator: the source.
      perception: how images are compared.
      config: GUIDE's or SUGAR's settings.
      people: who share a generator copy, `N`.
    """

    generator: TriPlaneGenerator
    perception: Perception
    config: ConfigDict
    people: int = 1

    @classmethod
    def of(cls, models: Models, config: ConfigDict, people: int = 1) -> "Workload":
        """Check the settings first.

        Raises:
          InputError: if settings make no sense, or people were to share a copy of GUIDE's.
        """
        configuration.check(config)
        if people > 1 and not method_of(config).shares_generator(config):
            raise InputError(
                f"{people} people: this method has a generator copy for everybody; more need more copies"
            )
        return cls(models.generator, models.perception(config.rendering.dtype), config, people)

    def recipe(self, copies: int, mesh: Mesh | None, platform: str) -> StepRecipe:
        """The program's recipe for devices of a platform, as `jax.default_backend()` names it."""
        settings = configuration.step_settings(
            self.config, self.generator.config, 1.0, self.people, platform=platform
        )
        graphdef = split_generator(self.generator).graphdef
        adam, at_once = from_config.adam(self.config), self.config.copies_at_once
        return StepRecipe(graphdef, adam, settings, copies, mesh, at_once)

    def frozen(self, make: Callable[..., Any] = lambda function, *given: function(*given)) -> Frozen:
        """What no step changes.

        Args:
          make: how what is not in the networks is made; `jax.eval_shape` makes shapes.
        """
        split = split_generator(self.generator)
        w_avg = self.generator.backbone.mapping.w_avg.get_value()
        untrained = functools.partial(method_of(self.config).untrained, self.config, self.generator.config)
        return Frozen(split.trainable, split.fixed, self.perception, *make(untrained, w_avg, split.trainable))

    def _latents(self, copies: int) -> tuple[int, ...]:
        """Shape of everybody's ws."""
        model = self.generator.config
        who = (copies, self.people) if method_of(self.config).shares_generator(self.config) else (copies,)
        return *who, model.num_ws, model.w_dim

    def arguments(self, recipe: StepRecipe) -> tuple[Pytree, ...]:
        """State, frozen part, targets and keys of the first step, where the program wants them."""
        frozen, copies = recipe.everywhere(self.frozen()), recipe.copies
        count = 2 * copies * self.people
        z = jax.random.normal(jax.random.key(1), (count, self.generator.config.z_dim))
        ws = self.generator.mapping(z, conditioning_view(self.generator.config, count))
        ws = ws.reshape(2, *self._latents(copies))
        keys = jax.random.split(jax.random.key(self.config.seed), copies)
        state, target, keys = recipe.start(frozen, (ws[0], ws[1]), keys)
        return state, frozen, target, keys

    def outline(self, recipe: StepRecipe) -> tuple[Pytree, ...]:
        """The same as shapes with their places, for networks that may be shapes themselves; needs a mesh."""
        mesh, trained = recipe.mesh, recipe.trained
        assert mesh is not None
        frozen = self.frozen(jax.eval_shape)
        ws = jax.ShapeDtypeStruct(self._latents(trained), jnp.float32)
        keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), trained))
        alone = dataclasses.replace(recipe, mesh=None, copies=trained)
        state, target, keys = jax.eval_shape(alone.start, frozen, (ws, ws), keys)
        copies, same = by_identity(mesh), everywhere(mesh)
        return placed(state, copies), placed(frozen, same), placed(target, copies), placed(keys, copies)


def placed(tree: Pytree, where: Any) -> Pytree:
    """The shapes of arrays, with a sharding."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where), tree)
