"""Every key of a state dict is used once, ignored on purpose, or reported."""

import functools

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import torch_bridge
from torch_bridge import TorchLayout, conv_and_linear_axes

LAYOUT = TorchLayout(conv_and_linear_axes, ignored=(r".*\.resample_filter",))
TARGETS = {
    "conv.weight": (3, 3, 4, 8),
    "fc.weight": (5, 6),
    "fc.bias": (6,),
    "noise_const": (2, 3),
    "strength": (),
}


def source() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "conv.weight": rng.normal(size=(8, 4, 3, 3)),
        "conv.resample_filter": np.ones((4, 4)),
        "fc.weight": rng.normal(size=(6, 5)),
        "fc.bias": rng.normal(size=6),
        "noise_const": rng.normal(size=(2, 3)),
        "strength": np.array(0.5),
    }


def test_layouts_are_swapped_and_restored():
    arrays = torch_bridge.from_torch(source(), TARGETS, LAYOUT)
    assert {name: array.shape for name, array in arrays.items()} == TARGETS
    assert arrays["conv.weight"][2, 1, 3, 7] == np.float32(source()["conv.weight"][7, 3, 2, 1])
    back = torch_bridge.to_torch(arrays, LAYOUT)
    for name, array in back.items():
        np.testing.assert_array_equal(array, source()[name].astype(np.float32), strict=True)


def test_all_problems_are_reported_at_once():
    broken = source()
    del broken["fc.bias"]
    broken["fc.weight"] = broken["fc.weight"].T
    broken["conv.weight"][0, 0, 0, 0] = np.nan
    broken["extra"] = np.zeros(1)
    with pytest.raises(torch_bridge.StateDictError) as error:
        torch_bridge.from_torch(broken, TARGETS, LAYOUT)
    assert str(error.value).splitlines() == [
        "conv.weight: contains NaN or infinity",
        "extra: not part of this network (shape (1,))",
        "fc.bias: missing from the file (expected shape (6,))",
        "fc.weight: shape (5, 6), but this network needs (6, 5)",
    ]


def test_ignored_keys_are_listed_as_such():
    rows = {row.name: row.status for row in torch_bridge.account(source(), TARGETS, LAYOUT)}
    assert rows.pop("conv.resample_filter") == "ignored"
    assert set(rows.values()) == {"used"}


@pytest.mark.parametrize(
    ("number", "message"),
    [(1e300, "numbers too large for float32"), (np.inf, "NaN or infinity"), (1j, "has complex numbers")],
)
def test_numbers_that_float32_does_not_have_are_faults(number: complex, message: str):
    given = source() | {"fc.bias": np.full(6, number)}
    [problem] = torch_bridge.problems(torch_bridge.account(given, TARGETS, LAYOUT))
    assert problem.startswith("fc.bias: ")
    assert message in problem


class Small(nnx.Module):
    def __init__(self):
        self.net = nnx.Dict({"0": nnx.Linear(2, 3, rngs=nnx.Rngs(0))})
        self.buffer = nnx.Variable(np.zeros(4, np.float32))


def test_the_outline_of_a_config_is_traced_once():
    made = []

    def make(size: int) -> nnx.Linear:
        made.append(size)
        return nnx.Linear(size, 1, use_bias=False, rngs=nnx.Rngs(0))

    for _ in range(2):
        assert torch_bridge.module_shapes(functools.partial(make, 2)) == {"kernel": (2, 1)}
    arrays = {"kernel": np.ones((2, 1))}
    filled = [torch_bridge.module_from_arrays(functools.partial(make, 2), arrays) for _ in range(2)]
    filled[0].kernel[...] = jnp.zeros((2, 1))
    np.testing.assert_array_equal(filled[1].kernel[...], 1)
    assert torch_bridge.module_shapes(functools.partial(make, 3))["kernel"] == (3, 1)
    assert made == [2, 3]


def test_modules_are_filled_by_dotted_path():
    assert torch_bridge.module_shapes(Small) == {"net.0.kernel": (2, 3), "net.0.bias": (3,), "buffer": (4,)}
    arrays = {name: array + 1 for name, array in torch_bridge.module_arrays(Small()).items()}
    filled = torch_bridge.module_from_arrays(Small, arrays)
    for name, array in torch_bridge.module_arrays(filled).items():
        np.testing.assert_array_equal(array, arrays[name])
