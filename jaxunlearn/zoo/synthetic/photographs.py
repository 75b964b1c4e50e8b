"""Photographs of many synthetic people: fast, deterministic, resumable.

Person number i of a scenario and a seed is always the same, whatever the number of people, views, workers or
shards. So is each of the first views. The work is split into shards. With a folder, finished shards stay on
disk, and an interrupted run resumes after them.
"""

import contextlib
import dataclasses
import multiprocessing
import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from jaxunlearn.errors import InputError
from jaxunlearn.files.numpy_arrays import write_npz
from jaxunlearn.images import grid
from jaxunlearn.zoo.synthetic.geometry import groom, with_expression
from jaxunlearn.zoo.synthetic.person import Person, person_from_latent
from jaxunlearn.zoo.synthetic.render import render
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS, Scenario

MAPPING_VERSION = 4
"""Part of every shard's name; it changes when the same z gives other pixels."""
HELD_OUT_FIRST = 1_000_000
"""Number of the first person for evaluation: no bundled network is trained on people from here on."""
PEOPLE_PER_SHARD = 64
DEPTH_OFFSET, DEPTH_STEP = 2.0, 2.0 / 65535
"""A stored depth q > 0 stands for the distance DEPTH_OFFSET + q * DEPTH_STEP; 0 stands for no surface."""
SINGLE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class PhotographRequest:
    """The photographs to take.

    Attributes:
      scenario: a key of `SCENARIOS`.
      people: number of people.
      views: photographs of each person.
      resolution: pixels along each side.
      seed: seed of all random choices.
      first: number of the first person, so that disjoint sets can share a seed.

    Raises:
      InputError: if there is no such scenario, or a number is too small.
    """

    scenario: str
    people: int
    views: int
    resolution: int
    seed: int = 0
    first: int = 0

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise InputError(f"no scenario {self.scenario!r}; choose from {', '.join(SCENARIOS)}")
        for name, least in (("people", 1), ("views", 1), ("resolution", 8), ("seed", 0), ("first", 0)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, not {getattr(self, name)}")


@dataclasses.dataclass(frozen=True, eq=False)
class Photographs:
    """Photographs of `N` people, `V` views of each, `R` x `R` pixels.

    Attributes:
      z: [N, 64] float32 latents.
      image: [N, V, R, R, 3] uint8.
      coverage: [N, V, R, R] uint8, 255 where the head covers the whole pixel.
      depth: [N, V, R, R] uint16, see `decode_depth`; 0 beside the head and on edges.
      camera: [N, V, 25] float32, `c` in EG3D's convention.
      pose: [N, V, 2] float32 yaw and pitch in radians.
    """

    z: np.ndarray
    image: np.ndarray
    coverage: np.ndarray
    depth: np.ndarray
    camera: np.ndarray
    pose: np.ndarray


def encode_depth(depth: np.ndarray) -> np.ndarray:
    """Encode distances along unit rays as uint16; 0 stands for no surface."""
    return np.where(depth > 0, np.round((depth - DEPTH_OFFSET) / DEPTH_STEP).clip(1, 65535), 0).astype(
        np.uint16
    )


def decode_depth(stored: np.ndarray) -> np.ndarray:
    """Decode distances along unit rays to float32, exact to 2e-5; 0 stands for no surface."""
    return np.where(stored > 0, DEPTH_OFFSET + stored * DEPTH_STEP, 0).astype(np.float32)


def photograph_person(request: PhotographRequest, number: int) -> Photographs:
    """Photograph all views of person `number`; N = 1."""
    scenario = SCENARIOS[request.scenario]
    key = [request.seed, zlib.crc32(request.scenario.encode()), number]
    z, person = scenario.draw_person(np.random.default_rng(key))
    return _photograph(z, person, scenario, key, request.views, request.resolution)


def photograph_latent(
    z: np.ndarray, scenario: str, *, views: int, resolution: int, seed: int = 0
) -> Photographs:
    """Photograph the person of a given z [64] with the cameras, expressions and light of a scenario.

    For another person or another seed, cameras, expressions and light are others.

    Args:
      z: the latent of the person.
      scenario: a key of `SCENARIOS`; the scenario does not change the person.
      views: number of photographs.
      resolution: pixels along each side.
      seed: seed of cameras, expressions and light.

    Returns:
      Photographs with N = 1.

    Raises:
      InputError: if there is no such scenario or z has another shape.
    """
    request = PhotographRequest(scenario, people=1, views=views, resolution=resolution, seed=seed)
    z = np.asarray(z, np.float32)
    key = [seed, zlib.crc32(scenario.encode()), zlib.crc32(z.tobytes())]
    person = person_from_latent(z)
    return _photograph(z, person, SCENARIOS[scenario], key, request.views, request.resolution)


def _photograph(
    z: np.ndarray, person: Person, scenario: Scenario, key: list[int], views: int, resolution: int
) -> Photographs:
    """Photograph a person; shot number i is a function of the key and i."""
    groomed, heads = None, {}
    views_taken = []
    for index in range(views):
        rng = np.random.default_rng([*key, 1 + index])
        shot = scenario.draw_shot(rng, index)
        dressed = scenario.draw_disguise(rng, person)
        mood = tuple(shot.expression.items())
        if groomed is None or dressed is not groomed.person:
            groomed, heads = groom(dressed), {}  # a disguise is worn once
        if mood not in heads:
            heads[mood] = with_expression(groomed, shot.expression)
        camera = shot.camera
        rendering = render(heads[mood], camera, resolution, shot.light, shot.background)
        views_taken.append(
            (
                rendering.levels,
                np.round(rendering.coverage * 255).astype(np.uint8),
                encode_depth(rendering.depth),
                camera,
                np.array([shot.yaw, shot.pitch], np.float32),
            )
        )
    return Photographs(z[None], *(np.stack(kind)[None] for kind in zip(*views_taken, strict=True)))


def concatenate(parts: list[Photographs]) -> Photographs:
    """Join several sets of people."""
    fields = [field.name for field in dataclasses.fields(Photographs)]
    return Photographs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def photograph_shard(task: tuple[PhotographRequest, int, int, Path | None]) -> Photographs | Path:
    """Photograph people number `start` to `stop`; with a path, write them there and return the path."""
    request, start, stop, path = task
    shard = concatenate([photograph_person(request, number) for number in range(start, stop)])
    if path is None:
        return shard
    write_npz(path, **{field.name: getattr(shard, field.name) for field in dataclasses.fields(shard)})
    return path


def load_shard(path: Path) -> Photographs:
    """Read a file that `photograph_shard` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        return Photographs(**dict(arrays))


@contextlib.contextmanager
def single_threaded_children() -> Iterator[None]:
    """Let processes that start within use one thread each; more threads slow each other down."""
    before = {name: os.environ.get(name) for name in SINGLE_THREAD}
    os.environ.update(dict.fromkeys(SINGLE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def photograph_in_shards(
    request: PhotographRequest, *, workers: int = 1, folder: Path | None = None, progress: bool = True
) -> Iterator[Photographs]:
    """Photograph people, a few dozen at a time and in order.

    Args:
      request: the photographs to take.
      workers: number of processes; 1 renders in this process. More are spawned, so that the caller's main
        module needs `if __name__ == "__main__"`.
      folder: where shards are kept for the next time; by default nothing is written.
      progress: True to show a progress bar.
    """
    tasks: list[tuple[PhotographRequest, int, int, Path | None]] = []
    end = request.first + request.people
    for start in range(request.first, end, PEOPLE_PER_SHARD):
        stop = min(start + PEOPLE_PER_SHARD, end)
        path = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / (
                f"{request.scenario}-m{MAPPING_VERSION}-s{request.seed}-r{request.resolution}"
                f"-v{request.views}-{start:06d}-{stop:06d}.npz"
            )
        tasks.append((request, start, stop, path))
    missing = [task for task in tasks if task[3] is None or not task[3].exists()]
    with contextlib.ExitStack() as stack:
        if workers > 1 and len(missing) > 1:
            with single_threaded_children():
                pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(workers))
            made = pool.imap(photograph_shard, missing)
        else:
            made = map(photograph_shard, missing)
        bar = stack.enter_context(tqdm(total=request.people, unit="person", disable=not progress))
        for task in tasks:
            result = next(made) if task in missing else task[3]
            assert result is not None  # a task without a path is always missing
            yield load_shard(result) if isinstance(result, Path) else result
            bar.update(task[2] - task[1])


def photograph(
    request: PhotographRequest, *, workers: int = 1, folder: Path | None = None, progress: bool = True
) -> Photographs:
    """Photograph people into one set of arrays; see `photograph_in_shards`."""
    shards = photograph_in_shards(request, workers=workers, folder=folder, progress=progress)
    return concatenate(list(shards))


def contact_sheet(photographs: Photographs, people: int = 8, views: int = 8) -> np.ndarray:
    """Draw the first views of the first people, one person a row: `[H, W, 3]` uint8."""
    images = photographs.image[:people, :views]
    return grid(images.reshape(-1, *images.shape[2:]), images.shape[1])
