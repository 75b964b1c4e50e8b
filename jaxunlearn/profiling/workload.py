"""Build the step to measure or compile: the step of `training.unlearn`, on a named set of networks."""

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
from jaxunlearn.methods.config import check_config, from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.registry import method_of, named
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.generator import RANDOM_FULL_SIZE, Generator, SplitGenerator
from jaxunlearn.models.identity import identity_network
from jaxunlearn.models.loading import Models, RandomWeights, load_models
from jaxunlearn.models.perception import Perception
from jaxunlearn.sharding import by_identity, everywhere
from jaxunlearn.training.compiled_step import StepRecipe
from jaxunlearn.training.step import Frozen
from jaxunlearn.training.turns import Turns
from lpips_flax import LPIPS

Pytree = Any


@dataclasses.dataclass(frozen=True)
class Preset:
    """A set of networks, and the settings that suit them.

    Attributes:
      load: loads the networks with weights.
      outline: makes the networks with shapes instead of weights.
      suffix: of the preset of settings that suits them: "heads" or "paper".
    """

    load: Callable[[], Models]
    outline: Callable[[], Models]
    suffix: str

    def config(self, method: str = "guide", people: int = 1) -> ConfigDict:
        """Return the settings of a method; with a shared generator, they are for `people` people."""
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
"""The bundled generator of 128 x 128 pixels with its networks; and EG3D's of 512 x 512 pixels with VGG16 and
IR-SE50, all with random weights."""


@dataclasses.dataclass(frozen=True)
class Workload:
    """Networks and settings of a step; latents are random, and the unit of latent distances is 1.

    SUGAR's mapper has initial weights, and its Fisher is zero.

    Attributes:
      generator: the source.
      perception: how images are compared.
      config: GUIDE's or SUGAR's settings.
      people: number of people that share a generator copy, `N`.
      forms: fields of `Compute` that replace the platform's.
    """

    generator: Generator
    perception: Perception
    config: ConfigDict
    people: int = 1
    forms: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls, models: Models, config: ConfigDict, people: int = 1, forms: Mapping[str, Any] | None = None
    ) -> "Workload":
        """Check the settings, and make a workload.

        Raises:
          InputError: if a setting is invalid, or the method does not let people share a copy.
        """
        check_config.check(config)
        check_config.check_rays(config, models.generator.config, models.perceptual)
        if people > 1 and not method_of(config).shares_generator(config):
            raise InputError(
                f"{people} people: this method has a generator copy for everybody; set the number of copies"
            )
        perception = models.perception(config.rendering.dtype)
        return cls(models.generator, perception, config, people, forms or {})

    def recipe(self, copies: int, mesh: Mesh | None, platform: str) -> StepRecipe:
        """Return the recipe of the program.

        Args:
          copies: generator copies, `K`.
          mesh: devices; None for one device.
          platform: of the devices, as returned by `jax.default_backend()`.
        """
        settings = from_config.step_settings(
            self.config, self.generator.config, 1.0, self.people, platform=platform
        )
        compute = dataclasses.replace(settings.compute, **self.forms)
        settings = dataclasses.replace(settings, compute=compute)
        split = self._split()
        adam = from_config.adam(self.config)
        turns = Turns.chosen(self.config.copies_at_once, platform, mesh)
        return StepRecipe(split.graphdef, adam, settings, copies, mesh, turns, split.source)

    def _split(self) -> SplitGenerator:
        """Take apart the generator that is trained."""
        part = method_of(self.config).trained_part(self.config, self.generator.config)
        return part.split(self.generator, self.config.seed)

    def frozen(self, make: Callable[..., Any] = lambda function, *given: function(*given)) -> Frozen:
        """Return the arrays that no step changes.

        Args:
          make: calls the function that makes the arrays outside of the networks; `jax.eval_shape` makes
            shapes.
        """
        split = self._split()
        (w_avg,) = jax.tree.leaves(nnx.state(self.generator, nnx.PathContains("w_avg")))
        untrained = functools.partial(method_of(self.config).untrained, self.config, self.generator.config)
        return Frozen(split.trainable, split.fixed, self.perception, *make(untrained, w_avg, split.trainable))

    def _latents(self, copies: int) -> tuple[int, ...]:
        """Return the shape of all people's ws."""
        model = self.generator.config
        shares = method_of(self.config).shares_generator(self.config)
        leading = (copies, self.people) if shares else (copies,)
        return *leading, model.num_ws, model.w_dim

    def arguments(self, recipe: StepRecipe) -> tuple[Pytree, ...]:
        """Return state, frozen part, targets and keys of the first step, placed on their devices."""
        frozen, copies = recipe.everywhere(self.frozen()), recipe.copies
        count = 2 * copies * self.people
        z = jax.random.normal(jax.random.key(1), (count, self.generator.config.z_dim))
        ws = self.generator.mapping(z, conditioning_view(self.generator.config, count))
        ws = ws.reshape(2, *self._latents(copies))
        keys = jax.random.split(jax.random.key(self.config.seed), copies)
        state, target, keys = recipe.start(frozen, (ws[0], ws[1]), keys)
        return state, frozen, target, keys

    def outline(self, recipe: StepRecipe) -> tuple[Pytree, ...]:
        """Return the arguments as shapes with shardings; the recipe needs a mesh."""
        mesh, trained = recipe.mesh, recipe.trained
        assert mesh is not None
        frozen = self.frozen(jax.eval_shape)
        ws = jax.ShapeDtypeStruct(self._latents(trained), jnp.float32)
        keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), trained))
        alone = dataclasses.replace(recipe, mesh=None, copies=trained)
        state, target, keys = jax.eval_shape(alone.start, frozen, (ws, ws), keys)
        copies, same = by_identity(mesh), everywhere(mesh)
        return placed(state, copies), placed(frozen, same), placed(target, copies), placed(keys, copies)


def placed(tree: Pytree, sharding: Any) -> Pytree:
    """Return the shapes of arrays with a sharding."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)
