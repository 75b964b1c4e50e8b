"""What a run needs before its first step: who everybody becomes, and what the parameters are held by.

GUIDE's targets are a formula. SUGAR's mapper is trained and its Fisher measured first; both are kept in the
run's folder, so that a run that goes on, or another run, uses them again.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig, TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.methods import configuration, ewc, latents
from jaxunlearn.methods.allowed_settings import MAPPERS
from jaxunlearn.methods.base import Terms
from jaxunlearn.methods.guide.presets import ConfigDict
from jaxunlearn.methods.sugar.fisher import importance
from jaxunlearn.methods.sugar.fisher_io import load_fisher, save_fisher
from jaxunlearn.methods.sugar.mapper import Mapper, initial_mapper, load_mapper, save_mapper, surrogates_of
from jaxunlearn.methods.sugar.nearest import nearest_people
from jaxunlearn.methods.sugar.surrogates import MapperLoss, learned
from jaxunlearn.models.generator import split_generator
from jaxunlearn.models.loading import Models
from jaxunlearn.process import multihost
from jaxunlearn.training.run_dir import RunFolder

Pytree = Any


class Before(NamedTuple):
    """What an earlier request left, for the next one to begin with."""

    generator: TriPlaneGenerator
    """Where training starts, and what the parameters are held at."""

    fisher: Pytree | None
    """Accumulated so far."""

    mapper: Mapper | None
    """Trained on the earlier people."""


class Prepared(NamedTuple):
    """Arguments of the steps, besides the generator."""

    ws_target: np.ndarray
    """`[K, L, D]`."""

    surrogates: Callable[[jax.Array], jax.Array] | None
    """D, where the step computes neighbours' targets with it."""

    memory: ewc.Memory | None


def prepare(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    folder: RunFolder | None,
    before: Before | None = None,
    mesh: Mesh | None = None,
    *,
    progress: bool = True,
) -> Prepared:
    """Train and measure what the method needs, or read what is in the folder.

    Args:
      models: the source.
      ws: `[K, L, D]`.
      config: checked.
      folder: of the run.
      before: what an earlier request left.
      mesh: among its devices the mapper's minibatches are divided, along "sample" the Fisher's probes.
      progress: whether to show bars.

    Raises:
      InputError: if a latent or a file cannot be used.
    """
    if config.method == "guide":
        return Prepared(_formula(models, ws, config), None, None)
    ws_target, surrogates = _surrogates(models, ws, config, folder, before, mesh, progress)
    if config.pairs.adjacent_target == "shifted":
        surrogates = None
    memory = _memory(models, ws, config, folder, before, mesh, progress)
    return Prepared(ws_target, surrogates, memory)


def untrained(
    config: ConfigDict, model: GeneratorConfig, w_avg: jax.Array, trainable: Pytree
) -> tuple[Callable[[jax.Array], jax.Array] | None, ewc.Memory | None]:
    """D and memory with a mapper as drawn and a Fisher of zeros: a step takes as long with them.

    Args:
      config: any method's; GUIDE has neither.
      model: sizes of the generator.
      w_avg: its mean latent.
      trainable: its parameters.
    """
    if config.method == "guide":
        return None, None
    surrogates, memory, of = None, None, config.surrogates
    if config.pairs.adjacent_target == "surrogate" and config.target.kind in MAPPERS:
        mapper = initial_mapper(config.target.kind, model, width=of.width, depth=of.depth, seed=config.seed)
        surrogates = surrogates_of(mapper, w_avg, config.target.distance, of.space)
    elif config.pairs.adjacent_target == "surrogate" and config.target.kind == "extrapolated":
        surrogates = jax.tree_util.Partial(_extrapolated, w_avg, jnp.asarray(config.target.distance))
    if config.ewc.weight:
        fisher = jax.tree.map(jnp.zeros_like, trainable)
        memory = ewc.Memory(fisher, trainable, jnp.asarray(config.ewc.weight, jnp.float32))
    return surrogates, memory


def check_files(config: ConfigDict) -> None:
    """Refuse files that are named in a config and are not there; before anything is computed.

    Raises:
      InputError: naming setting and file.
    """
    for section in ("surrogates", "ewc") if config.method == "sugar" else ():
        file = config[section].file
        if file and not Path(file).is_file():
            raise InputError(f"config.{section}.file {file}: no such file")


def _formula(models: Models, ws: np.ndarray, config: ConfigDict) -> np.ndarray:
    targets = configuration.target_latents(config, jnp.asarray(ws), models.w_avg, models.median_radius)
    return np.asarray(targets)


def _surrogates(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    folder: RunFolder | None,
    before: Before | None,
    mesh: Mesh | None,
    progress: bool,
) -> tuple[np.ndarray, Callable[[jax.Array], jax.Array] | None]:
    kind = config.target.kind
    if kind in MAPPERS:
        kept = None if folder is None else folder.surrogates
        mapper, losses = trained_mapper(models, ws, config, kept, before, mesh, progress=progress)
        if folder is not None and losses:
            folder.add_to_summary({"surrogate_losses": [round(loss, 6) for loss in losses]})
        surrogates = surrogates_of(mapper, models.w_avg, _distance(models, config), config.surrogates.space)
        return np.asarray(jax.jit(_apply)(surrogates, jnp.asarray(ws))), surrogates
    if kind == "nearest":
        found = nearest_people(
            models.generator,
            models.identity,
            ws,
            candidates=config.surrogates.candidates,
            highest_similarity=config.surrogates.highest_similarity,
            key=jax.random.key(config.seed),
            compute=configuration.compute(config),
        )
        return found, None
    extrapolated = jax.tree_util.Partial(_extrapolated, models.w_avg, jnp.asarray(_distance(models, config)))
    return _formula(models, ws, config), extrapolated if kind == "extrapolated" else None


def _apply(surrogates: Callable[[jax.Array], jax.Array], ws: jax.Array) -> jax.Array:
    return surrogates(ws)


def _extrapolated(w_avg: jax.Array, d: jax.Array, ws: jax.Array) -> jax.Array:
    return latents.extrapolated_target(ws, w_avg, d)


def _distance(models: Models, config: ConfigDict) -> float:
    return config.target.distance * configuration.scale(config, models.median_radius)


def trained_mapper(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    kept: Path | None,
    before: Before | None = None,
    mesh: Mesh | None = None,
    *,
    progress: bool = True,
) -> tuple[Mapper, tuple[float, ...]]:
    """SUGAR's mapper for people `[K, L, D]`: read from `kept` if it is there, else trained and kept there.

    Returns:
      The mapper, and the loss of each epoch; none where it was not trained.

    Raises:
      InputError: if a file does not hold such a mapper, or training fails.
    """
    of, kind = config.surrogates, config.target.kind
    if kept is not None and kept.is_file():
        return load_mapper(kept, kind), ()
    model = models.generator.config
    if before is not None and before.mapper is not None:
        start = before.mapper
    elif of.file:
        start = load_mapper(Path(of.file), kind)
    else:
        start = initial_mapper(kind, model, width=of.width, depth=of.depth, seed=config.seed)
    compute = configuration.compute(config)
    loss = functools.partial(
        MapperLoss,
        space=of.space,
        form=of.objective,
        terms=Terms(of.planes, of.perceptual, of.identity),
        enough=of.enough,
        distinct=of.distinct,
        power=of.power,
        compute=compute,
        mesh=mesh,
        **configuration.cameras(config, model),
    )
    mapper, losses = learned(
        start,
        models,
        ws,
        _distance(models, config),
        loss,
        configuration.mapper_training(config),
        seed=config.seed,
        dtype=compute.dtype,
        mesh=mesh,
        progress=progress,
    )
    if not np.isfinite(losses).all():
        raise InputError("the mapper's loss is no longer finite; lower config.surrogates.learning_rate")
    if kept is not None and multihost.leads():
        save_mapper(mapper, kept)
    return mapper, losses


def _memory(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    folder: RunFolder | None,
    before: Before | None,
    mesh: Mesh | None,
    progress: bool,
) -> ewc.Memory | None:
    """What holds the parameters where they are: the Fisher of these people and of those before."""
    source = split_generator(models.generator)
    start = source if before is None else split_generator(before.generator)
    weight = jnp.asarray(config.ewc.weight, jnp.float32)
    kept = None if folder is None else folder.fisher
    if not config.ewc.weight:
        if before is None:
            return None
        return ewc.Memory(jax.tree.map(jnp.zeros_like, start.trainable), start.trainable, weight)
    if kept is not None and kept.is_file():
        return ewc.Memory(load_fisher(kept, start.trainable), start.trainable, weight)
    if config.ewc.file:
        fisher = load_fisher(Path(config.ewc.file), start.trainable)
    else:
        settings = configuration.retention(config, models.median_radius)
        key = jax.random.fold_in(jax.random.key(config.seed), 1)
        fisher = importance(start, source.trainable, ws, models.w_avg, settings, key, mesh, progress=progress)
    fisher = ewc.accumulated(None if before is None else before.fisher, fisher, config.ewc.decay)
    if kept is not None and multihost.leads():
        save_fisher(fisher, kept)
    return ewc.Memory(fisher, start.trainable, weight)


def left_by(folder: RunFolder, generator: TriPlaneGenerator) -> Before:
    """What a finished run leaves for the next request.

    Args:
      folder: of the run.
      generator: what it made.
    """
    trainable = split_generator(generator).trainable
    kind = folder.config.target.kind
    return Before(
        generator,
        load_fisher(folder.fisher, trainable) if folder.fisher.is_file() else None,
        load_mapper(folder.surrogates, kind) if folder.surrogates.is_file() else None,
    )
