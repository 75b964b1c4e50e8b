"""The files of others that the methods can use: what each is for and where its authors publish it."""

import dataclasses
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

FOLDERS_VARIABLE = "JAXUNLEARN_MODELS"
"""Environment variable with folders to search besides the current one and its `models`."""

_TORCHVISION = "torchvision's weights, download.pytorch.org/models"
_EG3D_PAGE = "NGC catalogue, nvidia/research/eg3d (linked from docs/models.md of NVlabs/eg3d)"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One published file.

    Attributes:
      name: its file name as published. A converted file is found too: same stem, `.safetensors`.
      purpose: what it is for.
      published: where its authors offer it.
    """

    name: str
    purpose: str
    published: str


ENTRIES = (
    Entry("ffhqrebalanced512-128.pkl", "faces, 512²; what GUIDE and SUGAR unlearn from", _EG3D_PAGE),
    Entry("ffhqrebalanced512-64.pkl", "faces, 512², 64² rays", _EG3D_PAGE),
    Entry("ffhq512-128.pkl", "faces, 512²", _EG3D_PAGE),
    Entry("ffhq512-64.pkl", "faces, 512², 64² rays", _EG3D_PAGE),
    Entry("afhqcats512-128.pkl", "cats, 512²", _EG3D_PAGE),
    Entry("shapenetcars128-64.pkl", "cars, 128²", _EG3D_PAGE),
    Entry("encoder_FFHQ.pt", "GOAE, from a photo of a face to latents", "README of jiangyzy/GOAE"),
    Entry("encoder_AFHQ.pt", "GOAE for cats", "README of jiangyzy/GOAE"),
    Entry("vgg16-397923af.pth", "LPIPS of the full-size losses (its heads are bundled)", _TORCHVISION),
    Entry(
        "model_ir_se50.pth", "identity loss of the full-size models", "README of TreB1eN/InsightFace_Pytorch"
    ),
    Entry(
        "CurricularFace_Backbone.pth",
        "identity similarity in evaluation",
        "README of HuangYG123/CurricularFace",
    ),
    Entry("pt_inception-2015-12-05-6726825d.pth", "FID", "releases of mseitzer/pytorch-fid"),
    Entry(
        "mtcnn_weights.zip",
        "face detector in evaluation (the wheel of PyPI's facenet-pytorch serves as well)",
        "judydnguyen/SUGAR-Generative-Unlearn",
    ),
)


def search_folders(more: Iterable[Path] = ()) -> list[Path]:
    """Where files are looked for, in order."""
    from_environment = [Path(p) for p in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if p]
    return [*more, *from_environment, Path(), Path("models")]


def find(entry: Entry, folders: Iterable[Path]) -> Path | None:
    """The file of an entry, as published or converted, in the first folder that has it."""
    for folder in folders:
        for name in (entry.name, Path(entry.name).with_suffix(".safetensors").name):
            if (folder / name).is_file():
                return folder / name
    return None


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
