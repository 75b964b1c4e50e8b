"""Figures of embeddings."""

import numpy as np

from jaxunlearn.zoo.metrics.identity_metrics import cosines_of_pairs, verify


def test_figures_of_embeddings_that_are_known() -> None:
    people = np.eye(4)[:, None].repeat(3, axis=1)
    perfect = verify(people)
    assert (perfect.tar, perfect.same, perfect.different, perfect.rank1) == (1, 1, 0, 1)
    strangers = verify(people, np.roll(people, 1, axis=0))
    assert (strangers.tar, strangers.same, strangers.rank1) == (0, 0, 0)
    same, different = cosines_of_pairs(people)
    assert (same.size, different.size) == (4 * 3 * 2, 12 * 9)
