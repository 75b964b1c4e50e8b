"""Train a mapper on the people to forget, through the frozen source. `B` people in a batch."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.sharding import Mesh
from jax.typing import DTypeLike
from tqdm import tqdm

from eg3d_flax import Compute
from jaxunlearn.methods.losses import planes_distance
from jaxunlearn.methods.pairs import MAPPER
from jaxunlearn.methods.sugar.mappers.mapper import DISPLACED, Mapper, Space
from jaxunlearn.methods.sugar.mappers.mapper_loss import Form, MapperWeights, surrogate_objective
from jaxunlearn.methods.sugar.mappers.mapper_training import MapperTraining, train_mapper
from jaxunlearn.models.cameras import Views
from jaxunlearn.models.loading import Models
from jaxunlearn.models.perception import Perception
from jaxunlearn.process import arrays
from jaxunlearn.sharding import everywhere, over_rows


class Context(NamedTuple):
    """Whatever the loss of a mapper needs besides the mapper; the same on all devices."""

    source: nnx.State
    perception: Perception
    w_avg: jax.Array
    d: jax.Array


@dataclasses.dataclass(frozen=True)
class MapperLoss:
    """Eq. 4 on one batch; everybody is seen from one view, which the epoch's key draws.

    Attributes:
      mapper, generator: graphs of the networks.
      space: space of the surrogates, see `mapper.DISPLACED`.
      form, weights, enough, distinct, power: see `surrogate_objective`.
      views: where people and surrogates are seen from.
      compute: dtype and forms of computation.
      mesh: the batch is divided among its devices; None uses one.
    """

    mapper: nnx.GraphDef
    generator: nnx.GraphDef
    space: Space
    form: Form
    weights: MapperWeights
    enough: float
    distinct: float
    power: float
    views: Views
    compute: Compute
    mesh: Mesh | None = None

    def __call__(self, mapper: nnx.State, context: Context, ws: jax.Array, key: jax.Array) -> jax.Array:
        """Compute the loss of ws `[B, L, D]`."""
        yaw = self.views.draw(key, 1)
        compare = self._compare if self.mesh is None else over_rows(self._compare, self.mesh, len(ws))
        planes, perceptual, identity, surrogates = compare((mapper, context, yaw), ws)
        pairs = jnp.triu_indices(len(ws), k=1)
        return surrogate_objective(
            planes,
            perceptual,
            identity,
            self.weights,
            self.form,
            self.enough,
            (surrogates @ surrogates.T)[pairs],
            self.distinct,
            self.power,
        )

    def _compare(
        self, same: tuple[nnx.State, Context, jax.Array], ws: jax.Array
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        """Distances `[B]` of people and surrogates, seen from a yaw `[1]`; the surrogates' embeddings."""
        mapper, context, yaw = same
        generator = nnx.merge(self.generator, context.source)
        c = self.views.labels(jnp.repeat(yaw, len(ws)))

        def look(ws: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
            planes = generator.planes(ws, compute=self.compute)
            images = generator.render(planes, ws, c, compute=self.compute).image
            return planes, images, context.perception.embed(images)

        # Two calls, since only surrogates have a gradient: in one batch it would run back through both.
        person, seen, known = look(ws)
        surrogate, shown, other = look(
            DISPLACED[self.space](self.mapper, mapper, context.w_avg, context.d, ws)
        )
        perceptual = context.perception.perceptual(shown, seen)
        return planes_distance(surrogate, person), perceptual, 1 - jnp.sum(known * other, axis=-1), other


def learned(
    mapper: Mapper,
    models: Models,
    ws: np.ndarray,
    d: float,
    loss: Callable[[nnx.GraphDef, nnx.GraphDef], MapperLoss],
    settings: MapperTraining,
    *,
    key: jax.Array,
    dtype: DTypeLike = jnp.float32,
    mesh: Mesh | None = None,
    progress: bool = True,
) -> tuple[Mapper, tuple[float, ...]]:
    """Train `mapper` on people `[N, L, D]`.

    Args:
      mapper: the mapper to start from; an earlier one where people are added.
      models: the source, and the networks that compare images.
      ws: the people.
      d: distance of the surrogates from the mean.
      loss: graphs of mapper and generator → the loss.
      settings: settings of the training.
      key: random key of the request; shuffles and views are drawn from it.
      dtype: dtype in which images are compared.
      mesh: devices that share the loss; None uses one.
      progress: True shows a bar.

    Returns:
      The trained mapper, and the loss of each epoch.
    """
    graphdef, start = nnx.split(mapper)
    generator, source = nnx.split(models.generator)
    context = Context(source, models.perception(dtype), models.w_avg, jnp.asarray(d))
    with tqdm(total=settings.epochs, desc="surrogates", unit="epoch", disable=not progress) as bar:

        def note(epochs: int, value: float) -> None:
            bar.update()
            bar.set_postfix({"loss": f"{value:.3f}"}, refresh=False)

        trained = train_mapper(
            loss(graphdef, generator),
            start,
            context,
            ws,
            settings,
            key=jax.random.fold_in(key, MAPPER),
            sharding=everywhere(mesh),
            after_epoch=note,
        )
    weights = arrays.from_leader(arrays.whole(trained.parameters))
    return nnx.merge(graphdef, jax.tree.map(jnp.asarray, weights)), trained.losses
