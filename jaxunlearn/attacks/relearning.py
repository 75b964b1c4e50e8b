"""Teach an unlearned generator a person again from one photo: how many steps until the judges accept them?

`V` views of the protocol, `L` rows of ws (num_ws), `D` w_dim, `E` size of an embedding, `S` looks.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from eg3d_flax import Compute
from jaxunlearn.attacks.attacked import Attacked, Found
from jaxunlearn.attacks.depth import Depth
from jaxunlearn.attacks.finetuning import (
    Examples,
    FinetuningSettings,
    Start,
    begin,
    finetuning_step,
    generator_of,
)
from jaxunlearn.attacks.pictures import labelled_pictures
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.embedded_views import EmbeddedViews
from jaxunlearn.models.cameras import views
from jaxunlearn.models.generator import Generator
from jaxunlearn.models.perception import Perception

_SHOWN = ("person", "stranger")
"""Names in the pictures: of further strangers there are none."""

SAME_PICTURE = 2 / 127.5
"""Largest difference of a pixel at which a photo counts as the source's rendering: two levels of 256."""


@dataclasses.dataclass(frozen=True)
class RelearnSettings:
    """How long and how fast somebody is taught.

    Attributes:
      steps: after so many steps the attacker gives up.
      check_every: number of steps between two looks of the judges.
      strangers: number of other people who are taught in the same way.
      yaws: candidates for the yaw of a photo, in radians; see `relearn`.
      tuning: the optimiser and the weights of the loss.
    """

    steps: int = 40
    check_every: int = 4
    strangers: int = 3
    yaws: tuple[float, ...] = (-0.6, -0.45, -0.3, -0.15, 0.0, 0.15, 0.3, 0.45, 0.6)
    tuning: FinetuningSettings = dataclasses.field(
        default_factory=lambda: FinetuningSettings(learning_rate=3e-3)
    )

    def __post_init__(self) -> None:
        if not 1 <= self.check_every <= self.steps:
            raise ValueError(f"check_every ({self.check_every}) must be from 1 to steps ({self.steps})")
        if self.strangers < 1:
            raise ValueError(f"strangers ({self.strangers}) must be at least 1")
        if not self.yaws:
            raise ValueError("yaws is empty; give at least 0.0, the front")

    @classmethod
    def at_depth(cls, depth: Depth) -> Self:
        """Return the settings of a depth: "quick" for a first look, "thorough" for a table."""
        steps, check_every, strangers = {
            "quick": (20, 5, 1),
            "standard": (40, 4, 3),
            "thorough": (200, 1, 8),
        }[depth]
        return cls(steps=steps, check_every=check_every, strangers=strangers)


class _Lesson(NamedTuple):
    """One person who is taught at the forgotten person's latent."""

    photo: np.ndarray
    """`[R, R, 3]` in [-1, 1]."""

    c: jax.Array
    """`[1, 25]`, camera of the photo."""

    wanted: dict[str, np.ndarray]
    """Name of a judge → `[1, V, E]`: this person in the source."""


def relearn(
    attacked: Attacked,
    settings: RelearnSettings | None = None,
    *,
    compute: Compute | None = None,
    progress: bool = True,
) -> Found:
    """Fine-tune the unlearned generator on one photo of a person until the judges accept them.

    The attacker knows the person's latent, and teaches the first photo there. The judges compare what the
    generator then shows at the latent with the person in the source. They look from the views of the
    protocol, whose pitch differs from the photo's, so a flat picture is not enough.

    The controls are strangers, who are taught at the same latent in the same way. The unlearned generator
    shows none of them there at the start. If the person takes as many steps as strangers, the generator
    remembers nothing that helps. If they take far fewer, they were only hidden: see `rules.relearned_soon`.

    A photo that equals the source's own rendering is taught from the front, where it was rendered. For other
    photos the attacker compares the generator's mean face from all `yaws` with the photo by LPIPS, and takes
    the nearest yaw.

    Args:
      attacked: the person and the generator.
      settings: numbers of steps.
      compute: dtype and forms of fine-tuning; None takes `renderer.default_compute`.
      progress: True shows a progress bar.

    Returns:
      Figures for `person`, and for each of `strangers` in a list, see `figures_of_curve`; each with `photo`,
      which says what was taught. `settings`. Pictures before and after, from the middle and from the last
      view, of the person and of the first stranger.

    Raises:
      InputError: if there are too few strangers.
      FinetuningDiverged: if the loss is not finite.
    """
    settings = settings or RelearnSettings()
    if len(attacked.strangers_ws) < settings.strangers:
        raise InputError(f"the person has {len(attacked.strangers_ws)} strangers; give {settings.strangers}")
    people = jnp.stack([attacked.ws, *attacked.strangers_ws[: settings.strangers]])
    photos = [attacked.photos[0], *attacked.strangers_photos[: settings.strangers]]
    front = _from_the_front(attacked, people)
    source, before = attacked.embed_views(None, people), attacked.embed_views(attacked.unlearned, people[:1])
    curves: list[dict[str, Any]] = []
    pictures = {**labelled_pictures("person in the source", source), **labelled_pictures("before", before)}
    total = len(photos) * settings.steps
    with tqdm(total=total, desc="relearning", unit="step", disable=not progress) as bar:
        for k, photo in enumerate(photos):
            is_rendered = bool(np.max(np.abs(photo - front[k])) <= SAME_PICTURE)
            yaw = 0.0 if is_rendered else nearest_yaw(attacked, photo, settings.yaws)
            wanted = {judge: rows[k : k + 1] for judge, rows in source.embeddings.items()}
            lesson = _Lesson(photo, _from_yaw(attacked, [yaw]), wanted)
            after, curve = _teach(attacked, lesson, before, settings, compute, bar)
            curves.append({**curve, "photo": {"is_source_rendering": is_rendered, "yaw": float(yaw)}})
            if k < len(_SHOWN):
                pictures[f"photo of the {_SHOWN[k]}"] = photo
                pictures |= labelled_pictures(f"{_SHOWN[k]} after {curve['steps'][-1]} steps", after)
    person, *strangers = curves
    figures = {"person": person, "strangers": strangers, "settings": dataclasses.asdict(settings)}
    return Found(figures, pictures)


def _from_the_front(attacked: Attacked, people: jax.Array) -> np.ndarray:
    """Return the source's pictures `[N, R, R, 3]` of people `[N, L, D]`, as photos are taken."""
    c = jnp.repeat(_from_yaw(attacked, [0.0]), len(people), axis=0)
    return np.clip(attacked.reference.renderer(people, c).image, -1, 1)


def nearest_yaw(attacked: Attacked, photo: np.ndarray, yaws: Sequence[float]) -> float:
    """Return the yaw from which the unlearned generator's mean face is nearest to a photo, by LPIPS.

    Args:
      attacked: the generator and the networks.
      photo: `[R, R, 3]` in [-1, 1].
      yaws: candidates in radians.
    """
    c = _from_yaw(attacked, yaws)
    mean = jnp.broadcast_to(attacked.models.w_avg, (len(yaws), *jnp.shape(attacked.ws)))
    faces = attacked.reference.renderer.with_generator(attacked.unlearned)(mean, c).image
    photos = jnp.broadcast_to(jnp.asarray(photo), faces.shape)
    distances = _perceptual_distances(attacked.models.perception(), jnp.asarray(faces), photos)
    return float(yaws[int(jnp.argmin(distances))])


@jax.jit
def _perceptual_distances(perception: Perception, images: jax.Array, others: jax.Array) -> jax.Array:
    return perception.perceptual(images, others)


def figures_of_curve(
    steps: Sequence[int], looks: Sequence[Mapping[str, Mapping[str, Any]]], cap: int
) -> dict[str, Any]:
    """Sum up what the judges said during fine-tuning.

    Args:
      steps: `S` numbers of steps; at each the judges looked.
      looks: for each of them the name of a judge → its `similarity`, `accepted` and `stranger_rank`.
      cap: number of steps after which the attacker gives up.

    Returns:
      `relearn_steps`: number of steps until all judges accept at the same look; None if they never do, and
      then `more_than` is the cap. `judges`: for each judge the same figures for it alone, and its values at
      all looks. A judge without a threshold or without a face has None in both. `steps`: see above.
    """
    judges: dict[str, Any] = {}
    for name in looks[0]:
        values = {figure: [now[name][figure] for now in looks] for figure in looks[0][name]}
        judges[name] = {**_first_accepted(steps, values["accepted"], cap), **values}
    rows = zip(*(judge["accepted"] for judge in judges.values()), strict=True)
    together = [None if None in row else all(row) for row in rows]
    return {**_first_accepted(steps, together, cap), "steps": list(steps), "judges": judges}


def _first_accepted(steps: Sequence[int], accepted: Sequence[bool | None], cap: int) -> dict[str, int | None]:
    first = next((step for step, answer in zip(steps, accepted, strict=True) if answer), None)
    unknown = all(answer is None for answer in accepted)
    return {"relearn_steps": first, "more_than": None if unknown or first is not None else cap}


def _teach(
    attacked: Attacked,
    lesson: _Lesson,
    before: EmbeddedViews,
    settings: RelearnSettings,
    compute: Compute | None,
    bar: tqdm,
) -> tuple[EmbeddedViews, dict[str, Any]]:
    """Fine-tune on one photo; return the last look, and the figures of all looks."""
    ws = jnp.asarray(attacked.ws)[None]
    start = begin(attacked.unlearned, attacked.models.perception(), settings.tuning, compute)
    examples = Examples(ws, lesson.c, jnp.asarray(lesson.photo)[None])
    steps, looks, seen = [], [], before
    for step, generator in itertools.chain([(0, None)], _tuned(start, examples, settings, bar)):
        if generator is not None:
            seen = attacked.embed_views(generator, ws)
        compared = attacked.compared(lesson.wanted, seen.embeddings)
        steps.append(step)
        looks.append({name: figures[0] for name, figures in compared.items()})
        if all(figures["accepted"] for figures in looks[-1].values()):
            bar.update(settings.steps - step)
            break
    return seen, figures_of_curve(steps, looks, settings.steps)


def _tuned(
    start: Start, examples: Examples, settings: RelearnSettings, bar: tqdm
) -> Iterator[tuple[int, Generator]]:
    """Yield the generator at each look; it is invalid when the next one is asked for."""
    program, state, frozen = start
    for step in range(1, settings.steps + 1):
        state, measured = finetuning_step(program, state, frozen, examples)
        bar.set_postfix(loss=f"{measured['loss']:.3f}", refresh=False)
        bar.update()
        if step % settings.check_every == 0 or step == settings.steps:
            yield step, generator_of(program, state, frozen)


def _from_yaw(attacked: Attacked, yaws: Sequence[float]) -> jax.Array:
    """Return cameras `[N, 25]` at the height of the face."""
    return views(attacked.reference.renderer.config, np.array(yaws, np.float32))
