"""Where PyTorch is installed: it and we read each other's files."""

import copy
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

import torch_bridge

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")

NAMES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def tensors() -> OrderedDict:
    """One tensor of each dtype, views, a parameter and awkward shapes."""
    generator = torch.Generator().manual_seed(0)
    base = torch.randn(6, 4, generator=generator)
    made = OrderedDict((name, (base * 10).to(getattr(torch, name))) for name in NAMES)
    made |= {
        "transposed": base.t(),
        "column": base[1:, 2],
        "expanded": base[:1].expand(3, 4),
        "parameter": torch.nn.Parameter(base + 1),
        "scalar": torch.tensor(0.5),
        "empty": torch.zeros(0, 3),
        "conv": torch.randn(2, 3, 3, 3, generator=generator).to(memory_format=torch.nhwc),
    }
    return made


def as_numpy(tensor) -> np.ndarray:
    tensor = tensor.detach()
    return tensor.float().numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()


@pytest.mark.parametrize("zip_format", [True, False])
@pytest.mark.parametrize("protocol", [2, 4])
def test_saved_files_are_read(tmp_path, zip_format, protocol):
    path = tmp_path / "a.pt"
    torch.save(tensors(), path, _use_new_zipfile_serialization=zip_format, pickle_protocol=protocol)
    file = torch_bridge.read_file(path)
    assert file.format == ("torch zip" if zip_format else "torch legacy")
    found = torch_bridge.flat_state_dict(file.tree)
    assert list(found) == list(tensors())
    for name, tensor in tensors().items():
        assert found[name].dtype.name == str(tensor.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(
            found[name].astype(as_numpy(tensor).dtype), as_numpy(tensor), strict=True
        )


@pytest.mark.parametrize("name", ["uint16", "uint32", "uint64"])
def test_dtypes_without_a_storage_class_are_read(tmp_path, name):
    tensor = torch.arange(6).to(getattr(torch, name)).reshape(2, 3)
    torch.save({"t": tensor}, tmp_path / "a.pt")
    found = torch_bridge.flat_state_dict(torch_bridge.read_file(tmp_path / "a.pt").tree)["t"]
    np.testing.assert_array_equal(found, tensor.numpy(), strict=True)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_plain_pickles_are_read(tmp_path, protocol):
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"inner": tensors()}, protocol))
    found = torch_bridge.flat_state_dict(torch_bridge.read_file(path).tree["inner"])
    for name, tensor in tensors().items():
        np.testing.assert_array_equal(
            found[name].astype(as_numpy(tensor).dtype), as_numpy(tensor), strict=True
        )


def test_whole_modules_give_their_state_dict(tmp_path):
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Softplus()).eval()
    net.register_buffer("dropped", torch.zeros(1), persistent=False)
    torch.save(net, tmp_path / "net.pt")
    found = torch_bridge.flat_state_dict(torch_bridge.read_file(tmp_path / "net.pt").tree)
    expected = net.state_dict()
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.numpy(), strict=True)


def test_persistent_networks_are_read(tmp_path, monkeypatch):
    """A network that reduces itself as NVIDIA's decorator makes it, with PyTorch's own layers inside."""

    def _reconstruct_persistent_obj(meta):
        raise AssertionError("called while only reading")

    module = types.ModuleType("torch_utils.persistence")
    _reconstruct_persistent_obj.__module__ = module.__name__
    _reconstruct_persistent_obj.__qualname__ = "_reconstruct_persistent_obj"
    module._reconstruct_persistent_obj = _reconstruct_persistent_obj  # type: ignore[attr-defined]

    class Network(torch.nn.Module):
        def __init__(self, **kwargs):
            super().__init__()
            self._init_args, self._init_kwargs = (), kwargs
            self.weight = torch.nn.Parameter(torch.randn(2, 3))
            self.register_buffer("w_avg", torch.ones(3))
            self.decoder = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softplus())
            self.gain = np.sqrt(np.float64(2))

        def __reduce__(self):
            meta = {
                "type": "class",
                "version": 6,
                "module_src": "raise RuntimeError",
                "class_name": "Network",
            }
            return _reconstruct_persistent_obj, ({**meta, "state": self.__dict__},)

    network = Network(z_dim=3).eval().requires_grad_(False)
    path = tmp_path / "network.pkl"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch_utils", types.ModuleType("torch_utils"))
        patch.setitem(sys.modules, module.__name__, module)
        path.write_bytes(pickle.dumps({"G_ema": network, "augment_pipe": None}))
    found = torch_bridge.persistent_network(torch_bridge.read_file(path).tree)
    assert found is not None
    assert (found.class_name, found.init_kwargs, found.attributes["gain"]) == (
        "Network",
        {"z_dim": 3},
        2**0.5,
    )
    assert list(found.state_dict) == list(network.state_dict())
    for name, tensor in network.state_dict().items():
        np.testing.assert_array_equal(found.state_dict[name], tensor.numpy(), strict=True)


def test_adam_checkpoints_are_read(tmp_path):
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    tree = {"model": net.state_dict(), "optimizer": copy.deepcopy(optimizer.state_dict()), "step": 1}
    torch.save(tree, tmp_path / "run.pt")
    found = torch_bridge.find_state_dict(torch_bridge.read_file(tmp_path / "run.pt").tree)
    np.testing.assert_array_equal(found["weight"], net.weight.detach().numpy())


def test_torch_reads_what_we_write(tmp_path):
    path = tmp_path / "a.pth"
    torch.save(tensors(), tmp_path / "b.pt")
    arrays = torch_bridge.flat_state_dict(torch_bridge.read_file(tmp_path / "b.pt").tree)
    torch_bridge.write_torch(path, arrays)
    for mmap in (False, True):
        found = torch.load(path, weights_only=True, mmap=mmap)
        assert list(found) == list(arrays)
        for name, tensor in tensors().items():
            assert found[name].dtype == tensor.dtype
            assert torch.equal(found[name], tensor.detach()), name
