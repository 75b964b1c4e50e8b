"""Prepare SUGAR's steps: train the mapper, measure the Fisher, and save both.

A run that resumes, or another run, reads the files instead.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.files.door import copy_file
from jaxunlearn.methods import ewc, latents
from jaxunlearn.methods.base import Before, Prepared, request_key
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.methods.config.from_config import compute as compute_of
from jaxunlearn.methods.config.from_config import drawn_views, formula_targets, unit_length
from jaxunlearn.methods.pairs import FISHER
from jaxunlearn.methods.sugar.fisher import fisher_settings, measure_fisher
from jaxunlearn.methods.sugar.fisher_io import load_fisher, save_fisher
from jaxunlearn.methods.sugar.mappers.mapper import (
    Mapper,
    initial_mapper,
    is_of_kind,
    load_mapper,
    losses_of,
    save_mapper,
    surrogates_of,
)
from jaxunlearn.methods.sugar.mappers.mapper_loss import MapperWeights
from jaxunlearn.methods.sugar.mappers.mapper_training import mapper_training
from jaxunlearn.methods.sugar.mappers.surrogates import MapperLoss, learned
from jaxunlearn.methods.sugar.nearest import nearest_people
from jaxunlearn.methods.sugar.settings import MAPPERS
from jaxunlearn.methods.trained_part import TrainedPart
from jaxunlearn.models.generator import Generator, SplitGenerator
from jaxunlearn.models.loading import Models
from jaxunlearn.process import multihost

Pytree = Any

MAPPER_FILE, FISHER_FILE = "surrogates.safetensors", "fisher.safetensors"
"""Names of the two files in the cache folder."""


class Left(NamedTuple):
    """Whatever SUGAR keeps for the next request besides the generator."""

    fisher: Pytree | None = None
    """The sum over all requests so far, as `ewc.decay` weighs them."""

    mapper: Mapper | None = None
    """The mapper that was trained on the earlier people; None where this request needs none of its kind, or
    trains its own from the beginning."""

    cache: Path | None = None
    """The folder with the files of both."""


def _left(before: Before | None) -> Left:
    """Return what an earlier request left besides the generator; nothing, if it had no folder."""
    return Left() if before is None or before.memory is None else before.memory


def check_mapper(config: ConfigDict, before: Before | None) -> None:
    """Refuse settings with which a mapper that nothing has trained would choose the targets.

    Raises:
      InputError: with the names of the settings.
    """
    given = config.surrogates.file or _left(before).mapper is not None
    if config.target.kind in MAPPERS and not config.surrogates.epochs and not given:
        raise InputError(
            "config.surrogates.epochs is 0, so the mapper is used as it is, but config.surrogates.file names "
            "none; name its file, or train one for some epochs"
        )


def check_given(generator: Generator, config: ConfigDict, part: TrainedPart) -> None:
    """Refuse files of the settings that belong to another generator.

    Raises:
      InputError: with the name of the file.
      torch_bridge.CheckpointError: if a file cannot be read.
    """
    if config.surrogates.file and config.target.kind in MAPPERS:
        load_mapper(Path(config.surrogates.file), config.target.kind, generator.config)
    if config.ewc.file and config.ewc.weight:
        load_fisher(Path(config.ewc.file), part.split(generator, config.seed).trainable)


def prepare(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    part: TrainedPart,
    cache: Path | None,
    before: Before | None,
    mesh: Mesh | None,
    progress: bool,
) -> Prepared:
    """See `Method.prepare`; mapper and Fisher are saved in `cache`. `part` is what is trained."""
    source = part.split(models.generator, config.seed)
    start = source if before is None else source._replace(trainable=part.trained(before.generator))
    ws_target, surrogates, losses = _surrogates(models, ws, config, cache, before, mesh, progress)
    if config.pairs.adjacent_target == "shifted":
        surrogates = None
    memory = _memory(models, ws, config, start, source.trainable, cache, before, mesh, progress)
    _pass_on(config, cache, _left(before).cache)
    summary = {"surrogate_losses": [round(loss, 6) for loss in losses]} if losses else {}
    return Prepared(ws_target, surrogates, memory, summary)


def untrained(
    config: ConfigDict, model: GeneratorConfig, w_avg: jax.Array, trainable: Pytree
) -> tuple[Callable[[jax.Array], jax.Array] | None, ewc.Memory | None]:
    """See `Method.untrained`: a mapper with initial weights, and a Fisher of zeros."""
    surrogates, memory, network = None, None, config.surrogates
    if config.pairs.adjacent_target == "surrogate" and config.target.kind in MAPPERS:
        mapper = initial_mapper(
            config.target.kind, model, width=network.width, depth=network.depth, seed=config.seed
        )
        surrogates = surrogates_of(mapper, w_avg, config.target.distance, network.space)
    elif config.pairs.adjacent_target == "surrogate" and config.target.kind == "extrapolated":
        surrogates = jax.tree_util.Partial(_extrapolated, w_avg, jnp.asarray(config.target.distance))
    if config.ewc.weight:
        fisher = jax.tree.map(jnp.zeros_like, trainable)
        memory = ewc.Memory(fisher, trainable, jnp.asarray(config.ewc.weight, jnp.float32))
    return surrogates, memory


def _surrogates(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    cache: Path | None,
    before: Before | None,
    mesh: Mesh | None,
    progress: bool,
) -> tuple[np.ndarray, Callable[[jax.Array], jax.Array] | None, tuple[float, ...]]:
    """Targets `[K, L, D]`; D, if there is such a function; the losses of its training."""
    kind = config.target.kind
    if kind in MAPPERS:
        file = None if cache is None else cache / MAPPER_FILE
        mapper, losses = trained_mapper(models, ws, config, file, before, mesh, progress=progress)
        surrogates = surrogates_of(mapper, models.w_avg, _distance(models, config), config.surrogates.space)
        return np.asarray(jax.jit(_apply)(surrogates, jnp.asarray(ws))), surrogates, losses
    if kind == "nearest":
        targets = nearest_people(
            models.generator,
            models.identity,
            ws,
            candidates=config.surrogates.candidates,
            highest_similarity=config.surrogates.highest_similarity,
            key=request_key(config.seed, before),
            compute=compute_of(config),
        )
        return targets, None, ()
    extrapolated = jax.tree_util.Partial(_extrapolated, models.w_avg, jnp.asarray(_distance(models, config)))
    targets = formula_targets(models, ws, config)
    return targets, extrapolated if kind == "extrapolated" else None, ()


def _apply(surrogates: Callable[[jax.Array], jax.Array], ws: jax.Array) -> jax.Array:
    return surrogates(ws)


def _extrapolated(w_avg: jax.Array, d: jax.Array, ws: jax.Array) -> jax.Array:
    return latents.extrapolated_target(ws, w_avg, d)


def _distance(models: Models, config: ConfigDict) -> float:
    return config.target.distance * unit_length(config, models.median_radius)


def trained_mapper(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    file: Path | None,
    before: Before | None = None,
    mesh: Mesh | None = None,
    *,
    progress: bool = True,
) -> tuple[Mapper, tuple[float, ...]]:
    """Return SUGAR's mapper for people `[K, L, D]`: read from `file` if that exists, else trained and saved.

    Returns:
      The mapper, and the loss of each epoch.

    Raises:
      InputError: if a file does not hold such a mapper, or training fails.
    """
    network, kind = config.surrogates, config.target.kind
    if file is not None and file.is_file():
        return load_mapper(file, kind, models.generator.config), losses_of(file)
    model = models.generator.config
    earlier = _left(before).mapper
    if earlier is not None:
        start = earlier
    elif network.file:
        start = load_mapper(Path(network.file), kind, model)
    else:
        start = initial_mapper(kind, model, width=network.width, depth=network.depth, seed=config.seed)
    compute = compute_of(config)
    loss = functools.partial(
        MapperLoss,
        space=network.space,
        form=network.objective,
        weights=MapperWeights(network.planes, network.perceptual, network.identity),
        enough=network.enough,
        distinct=network.distinct,
        power=network.power,
        compute=compute,
        mesh=mesh,
        views=drawn_views(config, model),
    )
    mapper, losses = learned(
        start,
        models,
        ws,
        _distance(models, config),
        loss,
        mapper_training(config),
        key=request_key(config.seed, before),
        dtype=compute.dtype,
        mesh=mesh,
        progress=progress,
    )
    if not np.isfinite(losses).all():
        raise InputError("the mapper's loss is no longer finite; lower config.surrogates.learning_rate")
    if file is not None and multihost.leads():
        save_mapper(mapper, file, losses)
    return mapper, losses


def _memory(
    models: Models,
    ws: np.ndarray,
    config: ConfigDict,
    start: SplitGenerator,
    source: Pytree,
    cache: Path | None,
    before: Before | None,
    mesh: Mesh | None,
    progress: bool,
) -> ewc.Memory | None:
    """The EWC memory: the Fisher of these people and of those before.

    Training begins at `start`; `source` are the trained parameters before any request.
    """
    weight = jnp.asarray(config.ewc.weight, jnp.float32)
    file = None if cache is None else cache / FISHER_FILE
    if not config.ewc.weight:
        return None if before is None else ewc.only_anchored(start.trainable)
    if file is not None and file.is_file():
        return ewc.Memory(load_fisher(file, start.trainable), start.trainable, weight)
    earlier = _left(before).fisher
    if config.ewc.file and earlier is None:
        fisher = load_fisher(Path(config.ewc.file), start.trainable)
    else:
        settings = fisher_settings(config, models.median_radius)
        key = jax.random.fold_in(request_key(config.seed, before), FISHER)
        fisher = measure_fisher(start, source, ws, models.w_avg, settings, key, mesh, progress=progress)
    fisher = ewc.accumulated(earlier, fisher, config.ewc.decay)
    if file is not None and multihost.leads():
        save_fisher(fisher, file)
    return ewc.Memory(fisher, start.trainable, weight)


def _pass_on(config: ConfigDict, cache: Path | None, earlier: Path | None) -> None:
    """Copy the earlier request's mapper and Fisher where this one needs none, for the requests to come."""
    if cache is None or earlier is None or not multihost.leads():
        return
    unused = {MAPPER_FILE: config.target.kind not in MAPPERS, FISHER_FILE: not config.ewc.weight}
    for name in (name for name, is_unused in unused.items() if is_unused and (earlier / name).is_file()):
        copy_file(earlier / name, cache / name)


def left_by(cache: Path, config: ConfigDict, part: TrainedPart, generator: Generator) -> Before:
    """See `Method.left_by`."""
    fisher, mapper, kind = cache / FISHER_FILE, cache / MAPPER_FILE, config.target.kind
    goes_on = (
        config.surrogates.continues and kind in MAPPERS and mapper.is_file() and is_of_kind(mapper, kind)
    )
    return Before(
        generator,
        Left(
            load_fisher(fisher, part.trained(generator)) if fisher.is_file() else None,
            load_mapper(mapper, kind, generator.config) if goes_on else None,
            cache,
        ),
    )
