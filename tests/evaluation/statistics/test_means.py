"""Means of figures over people."""

from jaxunlearn.evaluation.statistics.means import mean_figures


def test_zero_and_false_are_values_and_none_is_not():
    people = [
        {
            "id": 0.0,
            "forgotten": False,
            "by": {"latent": False, "wide": None},
            "align": "fixed",
            "other": None,
        },
        {
            "id": 0.5,
            "forgotten": True,
            "by": {"latent": False, "wide": True},
            "align": "fixed",
            "other": None,
        },
        {
            "id": None,
            "forgotten": None,
            "by": {"latent": None, "wide": True},
            "align": "fixed",
            "other": None,
        },
    ]
    assert mean_figures(people) == {
        "id": 0.25,
        "forgotten": 1,
        "by": {"latent": 0, "wide": 2},
        "align": "fixed",
        "other": None,
    }
