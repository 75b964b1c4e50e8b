"""The picture of what attacks brought back."""

import numpy as np

from jaxunlearn.reporting.attacks.picture import Labelled, can_write, draw_attacks

GREY = np.full((8, 8, 3), 90, np.uint8)
RED = np.zeros((8, 8, 3), np.uint8) + np.array([200, 0, 0], np.uint8)


def pictures(image, count):
    return [Labelled("with_a_long_label, of several words", image)] * count


def count_of(sheet, colour):
    """Number of pictures of a colour on a sheet; each is 160 pixels wide and high."""
    return np.sum(np.all(np.abs(sheet.astype(int) - colour) < 3, axis=-1)) / 160**2


def test_every_picture_is_drawn_in_its_section():
    sheet = draw_attacks({"ada": pictures(GREY, 2), "nothing": [], "search: near": pictures(RED, 7)})
    assert sheet.dtype == np.uint8
    assert 1.9 < count_of(sheet, GREY[0, 0]) < 2.1
    assert 6.9 < count_of(sheet, RED[0, 0]) < 7.1
    rows = np.flatnonzero(np.all(np.abs(sheet.astype(int) - RED[0, 0]) < 3, axis=-1).any(axis=1))
    assert rows.min() > np.flatnonzero((sheet == 90).all(axis=-1).sum(axis=1) > 160).max()


def test_labels_and_headings_stay_outside_of_pictures():
    plain = draw_attacks({"": [Labelled("", GREY)]})
    sheet = draw_attacks({"a heading": [Labelled("without_identity, hybrid " * 9, GREY)]})
    assert sheet.shape == plain.shape
    assert (sheet < 80).any()
    assert count_of(sheet, GREY[0, 0]) >= 1


def test_the_font_is_asked_for_every_letter():
    assert can_write("seed 7: O'Neill-3.png")
    for name in ("Zoë", "漢字", "Ирина", "Łukasz"):
        assert not can_write(name)


def test_a_long_heading_ends_inside_the_picture():
    plain, sheet = (draw_attacks({heading: [Labelled("", GREY)]}) for heading in ("a", 200 * "a long name "))
    assert sheet.shape == plain.shape
    assert (sheet[:, -8:] == 255).all()
