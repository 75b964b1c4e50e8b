"""Describe files that cannot be converted, for helpful messages: what they are, and how to use them."""

import zipfile
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any

import torch_bridge
from torch_bridge import CheckpointError


def describe_tree(tree: Any) -> str | None:
    """Describe a file of a single tensor; None for other files."""
    try:
        shape = list(torch_bridge.as_array(tree).shape)
    except CheckpointError:
        return None
    return (
        f"holds a single tensor {shape}, such as a mean latent or latents; it needs no conversion: "
        "give it as --w-avg FILE or --latents FILE"
    )


def describe_names(names: Collection[str]) -> str | None:
    """Describe a known network that cannot be converted, by the names of its arrays; None for others."""
    first_parts = {name.partition(".")[0] for name in names}
    if any(name.startswith(("synthesis.b4.", "synthesis.input.")) for name in names):
        version = "3" if any(name.startswith("synthesis.input.") for name in names) else "2"
        return (
            f"is a StyleGAN{version} generator of flat images, without tri-planes; give a generator of "
            "EG3D, such as ffhqrebalanced512-128.pkl"
        )
    if any(name.startswith("b4.") for name in names):
        return "is a StyleGAN or EG3D discriminator; give the generator"
    if {"bottom_block", "classifier"} <= first_parts:
        return (
            "is a mapper of SUGAR (trigger_model_E.pt); it needs no conversion: give it as "
            "--config.surrogates.file=FILE to unlearn --method sugar"
        )
    if first_parts and all(part.startswith("lin") and part[3:].isdecimal() for part in first_parts):
        return "holds only the heads of LPIPS, which are bundled; give the backbone, vgg16-397923af.pth"
    if any(name.startswith("net.slice1.") for name in names):
        return "is an LPIPS of the package lpips; give torchvision's backbone, vgg16-397923af.pth"
    return None


def describe_download(path: Path) -> str | None:
    """Describe the result of a failed download; None for other files."""
    try:
        with torch_bridge.open_regular(path) as file:
            start = file.read(512).lstrip().lower()
    except CheckpointError:
        return None
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not the file: the download failed; download it again in a browser"
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS, not the file itself; fetch the file with git lfs pull"
    return None


def describe_archive(path: Path) -> str | None:
    """Describe a zip archive of the face detector's networks; None for other files."""
    try:
        with zipfile.ZipFile(path) as archive:
            stems = {PurePosixPath(name).stem for name in archive.namelist()}
    except Exception:  # zipfile raises many types on damaged archives; this only serves a better message
        return None
    if {"pnet", "rnet", "onet"} <= stems:
        return (
            "is an archive of the face detector's three networks; it needs no conversion: "
            "give it as --detector FILE to align"
        )
    return None


def describe_architecture(name: str) -> str | None:
    """Describe a file of ours that cannot be converted, by its header's architecture; None for others."""
    if name == "mtcnn":
        return "is a face detector in our format already: give it as --detector FILE to align"
    if name.startswith("sugar-mapper-"):
        return "is a mapper of SUGAR in our format already: give it as --config.surrogates.file=FILE"
    if name == "diagonal-fisher":
        return "is a Fisher of SUGAR in our format already: give it as --config.ewc.file=FILE"
    return None
