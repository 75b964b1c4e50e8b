"""What a config's protocol makes of the measured source."""

import pytest

from jaxunlearn.evaluation import reference
from jaxunlearn.evaluation.evaluate import measure_reference
from jaxunlearn.evaluation.features import OnEightBits
from jaxunlearn.methods.registry import preset
from tests.support.tiny_models import tiny_models
from tests.support.tiny_reference import MeanColour


@pytest.mark.parametrize(
    ("pixels", "features"), [("float", MeanColour()), ("uint8", OnEightBits(MeanColour()))]
)
def test_distances_are_of_the_pixels_that_were_asked_for(pixels, features, monkeypatch):
    """Of the source's pictures as of all later ones."""
    monkeypatch.setattr(reference, "render_people", lambda *given, **_: given[3])
    config = preset("guide/heads")
    config.evaluation.update(fid_pixels=pixels, strangers=0, retained_people=2, frechet_samples=2)
    measured = measure_reference(tiny_models(), config, features=MeanColour(), progress=False)
    assert measured.features == measured.people == features
