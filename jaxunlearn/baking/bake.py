"""Bake adapters into weights of the official architecture: check, train, write, measure."""

import contextlib
import dataclasses
from pathlib import Path
from typing import Any

from jax.sharding import Mesh

from jaxunlearn.baking import settings
from jaxunlearn.baking.folder import BakingFolder, OriginJson, origin_of
from jaxunlearn.baking.loss import LossFigures, measure_loss, networks_of
from jaxunlearn.baking.training import train
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.evaluate import default_features
from jaxunlearn.evaluation.features import Features
from jaxunlearn.files.door import read_json, write_json
from jaxunlearn.files.json_form import check_form
from jaxunlearn.methods.config.declaration import ConfigDict, default_config
from jaxunlearn.models.adapters import has_adapters
from jaxunlearn.models.generator import Generator, load_generator, save_generator
from jaxunlearn.models.loading import Models
from jaxunlearn.photos.people import People
from jaxunlearn.process.jax_settings import pinned_settings


@dataclasses.dataclass(frozen=True)
class Baked:
    """The result of baking.

    Attributes:
      generator: the plain generator.
      loss: what baking lost.
      folder: None if nothing was written.
    """

    generator: Generator
    loss: LossFigures
    folder: BakingFolder | None


@pinned_settings()
def bake(
    models: Models,
    adapted: Generator,
    people: People,
    config: ConfigDict | None = None,
    *,
    workdir: Path | str | None = None,
    features: Features | None = None,
    mesh: Mesh | None = None,
    progress: bool = True,
) -> Baked:
    """Train plain weights to render as a generator with adapters does, and measure what that lost.

    A baking with a folder resumes where it was cut off. A finished one is read, and measured again only if
    the settings of measuring changed.

    Args:
      models: networks of the loss, judges, and the unit of distances.
      adapted: the generator with adapters.
      people: the people whom the adapters forget; steps look near them more often.
      config: settings, see docs/reference/settings.md; None uses the defaults.
      workdir: the folder; without one nothing is written.
      features: network of the Fréchet distance; None uses AlexNet's.
      mesh: devices that share the latents of a step; their number must divide that of the latents. None uses
        one.
      progress: True shows bars.

    Raises:
      InputError: if a setting is invalid or does not fit the mesh, the generator has no adapters, or the
        folder holds another baking.
      Interrupted: after Ctrl-C or SIGTERM, when the state is saved.
    """
    config = default_config(settings.Baking) if config is None else config
    settings.check(config, mesh)
    if not has_adapters(adapted):
        raise InputError("the generator has no adapters, so there is nothing to bake")
    features = features or default_features()
    with contextlib.ExitStack() as stack:
        folder = None
        origin = origin_of(models, adapted, people.subjects, people.ws)
        if workdir is not None:
            folder = BakingFolder(workdir)
            stack.enter_context(folder.lock())
            folder.begin(origin, config)
        if folder is not None and folder.generator.is_file():
            generator: Generator = load_generator(str(folder.generator))
            known = _known_loss(folder, models, config, features)
            if known is not None:
                return Baked(generator, known, folder)
        else:
            generator = train(models, adapted, people.ws, config, folder, mesh, progress=progress)
            if folder is not None:
                save_generator(generator, folder.generator, _notes(models, people, origin))
        loss = measure_loss(
            models, adapted, generator, people.subjects, people.ws, config, features, progress=progress
        )
        if folder is not None:
            write_json(folder.loss, loss)
    return Baked(generator, loss, folder)


def _notes(models: Models, people: People, origin: OriginJson) -> dict[str, str]:
    """Return the header of the weights."""
    return {
        "made_by": "jaxunlearn bake",
        "source": models.name,
        "source_sha256": origin["generator_sha256"],
        "baked_adapters_sha256": ",".join(each["sha256"] for each in origin["adapters"]),
        "forgotten": ", ".join(people.subjects),
        "licence": "that of the source",
    }


def _known_loss(
    folder: BakingFolder, models: Models, config: ConfigDict, features: Features
) -> LossFigures | None:
    """Return the figures of an earlier call that measured in the same way."""
    if not folder.loss.is_file():
        return None
    known: Any = check_form(read_json(folder.loss), dict[str, Any], folder.loss)
    same = known.get("settings") == config.measuring.to_dict()
    return known if same and known.get("networks") == networks_of(models, features) else None
