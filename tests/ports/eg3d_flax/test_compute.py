"""Forms of computation are checked where they are chosen."""

import dataclasses

import pytest

from eg3d_flax import Compute


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"dilation": "phase"}, "dilation must be one of dilated, stuffed, phases, mixed, not 'phase'"),
        ({"modulation": "scale"}, "modulation must be one of scaled, grouped, not 'scale'"),
        ({"filtering": None}, "filtering must be one of shifted, mirrored, depthwise, not None"),
        ({"lookup": "corner"}, "lookup must be one of corners, packed, lanes, not 'corner'"),
        ({"ray_chunk": 0}, "ray_chunk must be a whole number of at least 1, not 0"),
        ({"picture_chunk": -1}, "picture_chunk must be a whole number of at least 1, not -1"),
        ({"compared": -1}, "compared must be a whole number of at least 0, not -1"),
        ({"batch_multiple": 0}, "batch_multiple must be a whole number of at least 1, not 0"),
        ({"ray_chunk": 2.5}, "ray_chunk must be a whole number of at least 1, not 2.5"),
        ({"batch_multiple": None}, "batch_multiple must be a whole number of at least 1, not None"),
        ({"compared": None}, "compared must be a whole number of at least 0, not None"),
        ({"dtype": "int32"}, "dtype must be floating, such as float32 or bfloat16, not int32"),
    ],
)
def test_unknown_forms_and_numbers_out_of_range_are_refused(fields, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        Compute(**fields)
    with pytest.raises(ValueError, match=f"^{message}$"):
        dataclasses.replace(Compute(), **fields)
