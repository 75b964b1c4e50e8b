"""The three networks give the reference's outputs, with drawn and with real weights."""

from typing import Any

import jax
import numpy as np
import pytest

import mtcnn_flax
import torch_bridge
from mtcnn_flax.facenet import from_facenet, is_facenet
from mtcnn_flax.files import make
from mtcnn_flax.keras import from_keras, installed_weights
from mtcnn_flax.torch_names import FLATTENED
from tests.support.drawn import drawn_module
from tests.support.external import external_file
from tests.support.layouts import nchw, nhwc
from tests.support.perception_golden import NETWORK, perception_golden, weight

CASE = perception_golden("mtcnn_nets")
NETS = ("pnet", "rnet", "onet")
STATES = {
    net: {
        name: weight(name, tuple(shape), CASE.seed)
        for name, shape in CASE.entry["synthetic_state_dict"][net].items()
    }
    for net in NETS
}

apply = jax.jit(lambda network, x: network(x))
raw_proposals = jax.jit(lambda pnet, x: pnet.offsets_and_logits(x))


def compare(net: str, network: Any, tag: str) -> None:
    x = nhwc(CASE.input_image(f"input:mtcnn:{net}", net))
    *first, probabilities = apply(network, x)
    outputs = {"offsets": first[-1], "probs": probabilities}
    if net == "onet":
        outputs["landmarks"] = first[0]
    if net == "pnet":
        outputs["logits"] = raw_proposals(network, x)[1]
        outputs = {name: nchw(output) for name, output in outputs.items()}
    for name, output in outputs.items():
        CASE.check(f"{net}.{tag}.{name}", output, NETWORK)


@pytest.mark.parity
@pytest.mark.parametrize("net", NETS)
def test_drawn_weights(net):
    network = mtcnn_flax.from_torch(STATES[net], net)
    compare(net, network, "synthetic")
    assert {row.status for row in mtcnn_flax.account(STATES[net], net)} == {"used"}
    back = mtcnn_flax.to_torch(network)
    assert back.keys() == STATES[net].keys()
    for name, array in back.items():
        np.testing.assert_array_equal(array, STATES[net][name])


@pytest.mark.parity
@pytest.mark.external
def test_real_weights():
    detector = mtcnn_flax.load(external_file("mtcnn/mtcnn_weights.zip"))
    for net in NETS:
        compare(net, getattr(detector, net), "real")


@pytest.mark.parity
@pytest.mark.parametrize("net", NETS)
def test_facenet_names_lead_to_the_same_network(net):
    names = {ours: theirs for theirs, ours in CASE.entry["facenet_name_map"][net].items()}
    theirs = {}
    for name, array in STATES[net].items():
        layer, leaf = name.rsplit(".", 1)
        if net in FLATTENED and name == FLATTENED[net][0]:
            sizes = FLATTENED[net][1]
            grid = array.reshape(-1, sizes["c"], sizes["w"], sizes["h"])
            array = grid.transpose(0, 2, 3, 1).reshape(array.shape)
        theirs[f"{names[layer]}.{leaf}"] = array
    assert is_facenet(theirs)
    assert not is_facenet(STATES[net])
    again = from_facenet(theirs, net)
    assert again.keys() == STATES[net].keys()
    for name, array in again.items():
        np.testing.assert_array_equal(array, STATES[net][name])


def test_files_survive_the_round_trip(tmp_path):
    detector = drawn_module(make)
    mtcnn_flax.save(detector, tmp_path / "mtcnn.safetensors", notes={"source": "test"})
    again = mtcnn_flax.load(tmp_path / "mtcnn.safetensors")
    for net in NETS:
        state = mtcnn_flax.to_torch(getattr(detector, net))
        np.save(tmp_path / f"{net}.npy", np.array(state, dtype=object), allow_pickle=True)
        for name, array in mtcnn_flax.to_torch(getattr(again, net)).items():
            np.testing.assert_array_equal(array, state[name])
    from_folder = mtcnn_flax.load(tmp_path)
    np.testing.assert_array_equal(from_folder.onet.conv6_3.weight[...], detector.onet.conv6_3.weight[...])
    (tmp_path / "rnet.npy").unlink()
    with pytest.raises(ValueError, match=r"has neither rnet\.npy nor rnet\.pt"):
        mtcnn_flax.load(tmp_path)
    with pytest.raises(ValueError, match="neither a folder nor a zip archive"):
        mtcnn_flax.load(tmp_path / "pnet.npy")


@pytest.mark.parity
@pytest.mark.parametrize("net", NETS)
def test_the_order_of_keras_leads_to_the_same_network(net):
    """Drawn weights, listed as Keras lists those of PyPI's mtcnn: our layout, heads in another order."""
    arrays = torch_bridge.module_arrays(mtcnn_flax.from_torch(STATES[net], net))
    heads = {
        "pnet": ("conv4_2", "conv4_1"),
        "rnet": ("conv5_2", "conv5_1"),
        "onet": ("conv6_2", "conv6_3", "conv6_1"),
    }[net]
    trunk = sorted((name for name in arrays if name.startswith("features.")), key=keras_order)
    names = [*trunk, *(f"{head}.{leaf}" for head in heads for leaf in ("weight", "bias"))]
    listed = []
    for name in names:
        array = arrays[name]
        if net in FLATTENED and name == FLATTENED[net][0]:
            sizes = FLATTENED[net][1]
            grid = array.reshape(sizes["h"], sizes["w"], sizes["c"], -1)
            array = grid.transpose(1, 0, 2, 3).reshape(array.shape)
        listed.append(array[None, None] if "prelu" in name else array)
    again = from_keras(listed, net)
    assert again.keys() == STATES[net].keys()
    for name, array in again.items():
        np.testing.assert_array_equal(array, STATES[net][name], err_msg=name)


def keras_order(name: str) -> tuple[int, bool, bool]:
    _, layer, leaf = name.split(".")
    return int(layer[-1]), layer.startswith("prelu"), leaf == "bias"


@pytest.mark.parity
def test_the_installed_package_has_the_published_weights():
    folder = installed_weights()
    assert folder is not None, "mtcnn is among the test requirements"
    detector = mtcnn_flax.load(folder)
    for net in NETS:
        compare(net, getattr(detector, net), "real")


def test_other_bytes_are_not_unpickled(tmp_path):
    for net in NETS:
        (tmp_path / f"{net}.lz4").write_bytes(b"anything")
    with pytest.raises(torch_bridge.CheckpointError, match=r"pnet\.lz4 is not the file of the PyPI package"):
        mtcnn_flax.load(tmp_path)
