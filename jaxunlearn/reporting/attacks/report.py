"""Write what attacks brought back: a picture of each person, lines in plain words, and the run's page."""

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxunlearn.attacks.attack_folder import AttackFolder, read_attacks
from jaxunlearn.attacks.depth import ATTACKS
from jaxunlearn.images import save_png, to_uint8
from jaxunlearn.methods.config import from_config
from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.models.cameras import conditioning_view
from jaxunlearn.models.loading import Models
from jaxunlearn.models.renderer import Renderer
from jaxunlearn.reporting.attacks.picture import Labelled, can_write, draw_attacks
from jaxunlearn.reporting.attacks.words import attack_lines
from jaxunlearn.reporting.page.run_page import write_run_page
from jaxunlearn.training.result import Result
from jaxunlearn.training.storage.run_dir import RunFolder


def write_attack_report(models: Models, result: Result, config: ConfigDict) -> list[str]:
    """Write the pictures and the page of an attacked run.

    Args:
      models: the models of the run.
      result: of the run; it must have a folder, in which attacks were made.
      config: of the run.

    Returns:
      Lines that say in plain words what came out.
    """
    folder = result.folder
    assert folder is not None, "a run without a folder has nowhere to put its pictures"
    attacks = read_attacks(folder.path)
    assert attacks is not None, "the run was not attacked"
    renderer = Renderer(models.generator, batch=1, compute=from_config.compute(config))
    lines = []
    for number, figures in attacks["people"].items():
        person = int(number)
        save_png(folder.attack_picture(person), _picture(renderer, result, person, figures, folder))
        lines += attack_lines(result.people.subjects[person], figures)
    write_run_page(folder)
    return [*lines, f"Look at {folder.report}"]


def _picture(
    renderer: Renderer, result: Result, person: int, figures: dict[str, Any], folder: RunFolder
) -> np.ndarray:
    frontal = conditioning_view(renderer.config)
    ws = jnp.asarray(result.ws[person])[None]
    sides = {
        "before": renderer,
        "after, at their latent": renderer.with_generator(result.generator_of(person)),
    }
    person_before_and_after = [
        Labelled(label, to_uint8(side(ws, frontal).image)[0]) for label, side in sides.items()
    ]
    subject = result.people.subjects[person]
    sections = {subject if can_write(subject) else f"person {person}": person_before_and_after}
    found = AttackFolder(folder.path)
    for name in figures:
        sections[f"{name}: {ATTACKS[name]}"] = [
            Labelled(label, _read(file)) for label, file in found.pictures(name, person).items()
        ]
    return draw_attacks(sections)


def _read(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
