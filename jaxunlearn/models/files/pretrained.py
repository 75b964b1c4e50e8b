"""The published files that the methods can use: their purpose, place and licence; and how to find them."""

import dataclasses
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from jaxunlearn.errors import install
from jaxunlearn.files.door import local_path, open_file

FOLDERS_VARIABLE = "JAXUNLEARN_MODELS"
"""Environment variable with folders to search before the current folder and its `models`."""

_TORCHVISION = "torchvision's weights, download.pytorch.org/models"
_EG3D_PAGE = "NGC catalogue, nvidia/research/eg3d (linked from docs/models.md of NVlabs/eg3d)"
_GUIDE_PAGE = "README of KHU-AGI/GUIDE"
_GOAE_PAGE = "README of jiangyzy/GOAE"
_SUGAR_PAGE = "judydnguyen/SUGAR-Generative-Unlearn"

NONE_STATED = "none stated"
_EG3D_LICENCE = "NVIDIA Source Code License: non-commercial research and evaluation only"
_OF_EG3D = f"{NONE_STATED}; derived from EG3D's weights ({_EG3D_LICENCE})"
_MTCNN_LICENCE = "the same weights as facenet-pytorch 2.6.0 and mtcnn 1.0.0, both MIT"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One published file.

    Attributes:
      name: file name as published; a converted file has the same stem and `.safetensors`.
      purpose: its use.
      published: where its authors publish it.
      licence: its terms, as stated by its authors.
      holds: name of a kind of network in `architectures.KINDS`, or "latent", "features" or "detector".
    """

    name: str
    purpose: str
    published: str
    licence: str
    holds: str


ENTRIES = (
    Entry(
        "ffhqrebalanced512-128.pkl",
        "faces, 512²; what GUIDE and SUGAR unlearn from",
        _EG3D_PAGE,
        _EG3D_LICENCE,
        "eg3d",
    ),
    Entry("ffhqrebalanced512-64.pkl", "faces, 512², 64² rays", _EG3D_PAGE, _EG3D_LICENCE, "eg3d"),
    Entry("ffhq512-128.pkl", "faces, 512²", _EG3D_PAGE, _EG3D_LICENCE, "eg3d"),
    Entry("ffhq512-64.pkl", "faces, 512², 64² rays", _EG3D_PAGE, _EG3D_LICENCE, "eg3d"),
    Entry("afhqcats512-128.pkl", "cats, 512²", _EG3D_PAGE, _EG3D_LICENCE, "eg3d"),
    Entry("shapenetcars128-64.pkl", "cars, 128²", _EG3D_PAGE, _EG3D_LICENCE, "eg3d"),
    Entry(
        "w_avg_ffhqrebalanced512-128.pt",
        "the mean latent that GUIDE and SUGAR use, --w-avg; without it the generator's own is taken",
        _GUIDE_PAGE,
        _OF_EG3D,
        "latent",
    ),
    Entry("encoder_FFHQ.pt", "GOAE, from a photo of a face to latents", _GOAE_PAGE, _OF_EG3D, "goae"),
    Entry("encoder_AFHQ.pt", "GOAE for cats", _GOAE_PAGE, _OF_EG3D, "goae"),
    Entry(
        "vgg16-397923af.pth",
        "LPIPS of the full-size losses (its heads are bundled)",
        _TORCHVISION,
        "BSD-3-Clause (torchvision)",
        "lpips",
    ),
    Entry(
        "model_ir_se50.pth",
        "identity loss of the full-size models",
        "README of TreB1eN/InsightFace_Pytorch",
        "MIT (the repository's); trained on faces collected for research only",
        "arcface",
    ),
    Entry(
        "CurricularFace_Backbone.pth",
        "identity similarity in evaluation",
        "README of HuangYG123/CurricularFace",
        "MIT (the repository's); trained on faces collected for research only",
        "arcface",
    ),
    Entry(
        "pt_inception-2015-12-05-6726825d.pth",
        "FID",
        "releases of mseitzer/pytorch-fid",
        "Apache-2.0",
        "inception",
    ),
    Entry(
        "ffhq_real_feat.npy",
        "features of FFHQ for the papers' ΔFID_real; evaluate takes pictures instead, --real",
        _GUIDE_PAGE,
        f"{NONE_STATED}; of images with licences of their own (FFHQ: CC BY-NC-SA 4.0)",
        "features",
    ),
    Entry(
        "mtcnn_weights.zip",
        f"face detector of align and evaluation (or {install('align')}, or the wheel of facenet-pytorch)",
        _SUGAR_PAGE,
        _MTCNN_LICENCE,
        "detector",
    ),
    Entry(
        "pnet.npy",
        "the same, unpacked: first of three",
        _SUGAR_PAGE,
        _MTCNN_LICENCE,
        "mtcnn-pnet",
    ),
    Entry(
        "rnet.npy",
        "second of three",
        _SUGAR_PAGE,
        _MTCNN_LICENCE,
        "mtcnn-rnet",
    ),
    Entry(
        "onet.npy",
        "third of three",
        _SUGAR_PAGE,
        _MTCNN_LICENCE,
        "mtcnn-onet",
    ),
)


def entry(name: str) -> Entry:
    """Return the entry of a published file by its name."""
    return next(entry for entry in ENTRIES if entry.name == name)


def search_folders(more: Iterable[Path] = ()) -> list[Path]:
    """Return the folders to search, in order: `more`, those of the environment variable, `.`, `models`."""
    from_environment = [Path(p) for p in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if p]
    return [*more, *from_environment, Path(), Path("models")]


def find(entry: Entry, folders: Iterable[Path]) -> Path | None:
    """Return the file of an entry, published or converted, from the first folder that has it; else None."""
    return _first(entry.name, folders)


def locate_file(name: str | Path) -> Path:
    """Return the path of a file that the user names.

    A name without a folder that does not exist here is searched in `search_folders`.

    Raises:
      InputError: if the name is an address such as gs://bucket/name.
    """
    path = local_path(name)
    if path.exists() or path.name != str(name):
        return path
    return _first(path.name, search_folders()) or path


def _first(name: str, folders: Iterable[Path]) -> Path | None:
    for folder in folders:
        for candidate in (folder / name, (folder / name).with_suffix(".safetensors")):
            if candidate.is_file():
                return candidate
    return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises:
      InputError: if it cannot be opened, see `files.door.open_file`.
    """
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
