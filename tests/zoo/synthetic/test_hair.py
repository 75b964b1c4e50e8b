"""Hair follows the head, lies along its strands, and ends in locks."""

import dataclasses

import numpy as np
import pytest

from jaxunlearn.zoo.synthetic.cameras import look_at, split_camera
from jaxunlearn.zoo.synthetic.geometry import HAIR, HAIR_INSIDE, Head, build_head, load_template
from jaxunlearn.zoo.synthetic.hair.flow import flow, seen_from_above
from jaxunlearn.zoo.synthetic.hair.strands import OUTLINE, RAGGEDNESS, curls, strands, tips
from jaxunlearn.zoo.synthetic.hair.style import dress, inside_hairline
from jaxunlearn.zoo.synthetic.person import Hair, Person, person_from_latent
from jaxunlearn.zoo.synthetic.rasterizer import project, rasterize

RESOLUTION = 96


@pytest.fixture(scope="module")
def person() -> Person:
    return person_from_latent(np.random.default_rng(2).standard_normal(64))


def haircut(person: Person, **changes: float) -> Person:
    plain = {"length": 0.05, "fringe": 0.0, "curl": 0.0, "bald": 0.0, "beard": 0.0, "moustache": 0.0}
    return dataclasses.replace(person, hair=dataclasses.replace(person.hair, **(plain | changes)))


def parts_seen(head: Head, yaw: float = 0.0, attributes: np.ndarray | None = None) -> np.ndarray:
    """Return the part number of each pixel, -1 beside the head."""
    cam2world, intrinsics = split_camera(look_at(yaw, 0.0))
    projected = project(head.vertices, cam2world, intrinsics, RESOLUTION)
    first, last = np.searchsorted(head.part, [HAIR, HAIR_INSIDE + 1])
    attributes = head.attributes if attributes is None else attributes
    hair = (int(first), int(last))
    triangle, _, _ = rasterize(projected, head.triangles, RESOLUTION, attributes, hair, head.person.hair.curl)
    return np.where(triangle >= 0, head.part[triangle], -1)


def test_roots_move_with_the_skin() -> None:
    template = load_template()
    moved = template.following @ np.full((len(template.anatomy.vertices), 3), [0.3, -0.2, 0.1])
    np.testing.assert_allclose(moved, np.broadcast_to([0.3, -0.2, 0.1], moved.shape), atol=2e-3)


@pytest.mark.parametrize(("parting", "reach"), [(0.0, 0.0), (0.8, 1.0), (-0.5, 0.4)])
def test_strands_are_hyperbolas_around_the_parting(parting: float, reach: float) -> None:
    grid = load_template().grid
    lies = flow(grid, parting, reach)
    ends = seen_from_above(grid)
    whorl = 0.12 * parting - 0.62j
    front = whorl + (0.14 + 0.86 * reach) * ((0.46 * parting + 0.86j) - whorl)
    # Confocal: the distances from the two ends differ by the same amount along a strand.
    difference = np.abs(ends - whorl) - np.abs(ends - front)
    np.testing.assert_allclose(difference, np.abs(front - whorl) * np.cos(lies.across), atol=1e-4)
    assert (lies.along >= 0).all()


def test_a_middle_parting_is_symmetric() -> None:
    grid = load_template().grid
    lies = flow(grid, 0.0, 1.0)
    mirrored = np.lexsort((np.round(-grid.azimuth % (2 * np.pi), 6), np.arange(len(grid.azimuth)) // 96))
    straight = np.lexsort((np.round(grid.azimuth % (2 * np.pi), 6), np.arange(len(grid.azimuth)) // 96))
    np.testing.assert_allclose(lies.along[mirrored], lies.along[straight], atol=1e-4)


def test_patterns_are_bounded_and_fade_where_they_would_be_too_fine() -> None:
    across, along = np.random.default_rng(0).uniform(-3, 3, (2, 500))
    for pattern in (strands, curls):
        values = np.array([pattern(s, abs(t), 1.0) for s, t in zip(across, along, strict=True)])
        assert 0.2 < values.std() < 0.8
        assert np.abs(values).max() < 1.25
    squeezed = np.array([strands(s, abs(t), 0.05) for s, t in zip(across, along, strict=True)])
    assert np.abs(squeezed).max() < 1e-6
    ends = np.array([tips(s, abs(t), c) for s, t in zip(across, along, strict=True) for c in (0.0, 1.0)])
    assert ends.min() >= 0
    assert ends.max() <= 1
    assert ends.std() > 0.15


def test_ends_break_up_into_locks(person: Person) -> None:
    head = build_head(haircut(person, length=0.55, fringe=0.8))
    uncut = head.attributes.copy()
    is_hair = np.unique(head.triangles[head.part == HAIR])
    uncut[is_hair, RAGGEDNESS] = 0
    ragged, smooth = (
        np.isin(parts_seen(head, 0.3, a), (HAIR, HAIR_INSIDE)) for a in (head.attributes, uncut)
    )
    assert (smooth | ~ragged).all()  # locks are cut out of the hairdo, nothing is added
    assert (smooth & ~ragged).sum() > 25

    def edges(mask: np.ndarray) -> int:
        return int((mask[:, 1:] != mask[:, :-1]).sum())

    assert edges(ragged) > 1.1 * edges(smooth)


def test_long_hair_has_an_inside_and_short_hair_shows_none(person: Person) -> None:
    long, short = (parts_seen(build_head(haircut(person, length=length)), 0.3) for length in (0.9, 0.02))
    assert (long == HAIR_INSIDE).sum() > 15
    assert (short == HAIR_INSIDE).sum() < 10
    lower = slice(2 * RESOLUTION // 3, None)
    assert (long[lower] == HAIR).sum() > 100
    assert (short[lower] == HAIR).sum() < 30


def test_the_bald_keep_a_wreath(person: Person) -> None:
    full, bald = (parts_seen(build_head(haircut(person, bald=bald)), 1.2) for bald in (0.0, 1.0))
    top = slice(0, RESOLUTION // 4)
    assert (full[top] == HAIR).sum() > 150
    assert (bald[top] == HAIR).sum() < 0.25 * (full[top] == HAIR).sum()
    assert (bald == HAIR).sum() > 100


def test_a_hairdo_changes_smoothly(person: Person) -> None:
    grid = load_template().grid

    def change(field: str, step: float) -> float:
        nearby = dataclasses.replace(person.hair, **{field: getattr(person.hair, field) + step})
        before, after = dress(grid, person.hair), dress(grid, nearby)
        inside = before.outline > 0.1
        return float(np.abs(after.thickness - before.thickness)[inside].max())

    for field in ("length", "volume", "hairline", "parting", "fringe", "curl", "bald"):
        assert change(field, 0.002) < 0.05, field


def test_no_hair_grows_on_the_face(person: Person) -> None:
    anatomy = load_template().anatomy
    x, y, z = anatomy.vertices.T
    face = (np.abs(x) < 0.4) & (y < 7.7) & (z > 1.0)
    azimuth = np.arctan2(x, z - 0.45)
    hair: Hair = haircut(person).hair
    assert (inside_hairline(anatomy.vertices, azimuth, hair)[face] < 0).all()


def test_hair_outside_the_outline_is_not_seen(person: Person) -> None:
    head = build_head(haircut(person))
    shaved = head.attributes.copy()
    shaved[np.unique(head.triangles[head.part == HAIR]), OUTLINE] = -1
    assert (parts_seen(head) == HAIR).any()
    assert not np.isin(parts_seen(head, 0.0, shaved), (HAIR, HAIR_INSIDE)).any()
