"""Drawings: which numbers are round, and that they stand where points are."""

import re
from xml.etree import ElementTree

import pytest

from jaxunlearn.drawing import Panel, round_numbers, stroke, svg


@pytest.mark.parametrize(
    ("low", "high", "most", "numbers"),
    [
        (-0.31, 1.0, 6, [0.0, 0.5, 1.0]),
        (0.0, 120.0, 6, [0.0, 50.0, 100.0]),
        (0.4, 1.0, 7, [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]),
        (0.9, 1.0, 7, [0.9, 0.92, 0.94, 0.96, 0.98, 1.0]),
    ],
)
def test_numbers_are_round_and_few(low: float, high: float, most: int, numbers: list[float]):
    assert round_numbers(low, high, most) == numbers


def test_a_panel_has_its_numbers_where_its_points_are():
    panel = Panel(50, 10, 200, 100, (0.0, -1.0), (1.0, 1.0))
    assert panel.place(0, -1) == (50, 110)
    assert panel.place(1, 1) == (250, 10)
    drawn = svg(300, 150, panel.ticks(), "a & b")
    assert [mark.text for mark in ElementTree.fromstring(drawn) if mark.text] == [
        "a & b",
        *("0", "0.2", "0.4", "0.6", "0.8", "1"),
        *("-1", "-0.5", "0", "0.5", "1"),
    ]
    assert re.findall(r"M(\S+) 110v5", drawn)[1] == f"{panel.place(0.2, 0)[0]:.1f}"
    assert re.findall(r"M50 (\S+)h-5", drawn)[1] == f"{panel.place(0, -0.5)[1]:.1f}"


def test_many_curves_are_told_apart_by_colours_and_dashes():
    assert len({stroke(number) for number in range(24)}) == 24
    assert all(not stroke(number).dashes for number in range(6))
