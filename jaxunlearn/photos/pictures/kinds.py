"""The kinds of picture files that are read, and advice for the others.

Only the formats listed here are ever decoded. Pillow would also run Ghostscript for EPS, and take the small
preview in a camera's raw file for the photo.
"""

import importlib
from pathlib import Path

from PIL import features

from jaxunlearn.errors import install

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "JPEG2000", "PPM")
"""Pillow's names of the formats that are always read."""

_READ = """.jpg .jpeg .jpe .jfif .mpo .png .apng .webp .tif .tiff .bmp .dib .gif .jp2 .j2k .jpf .jpx .jpc
    .ppm .pgm .pbm .pnm .heic .heif .hif .avif"""
_RAW = """.3fr .arw .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .k25 .kdc .mef .mos .mrw .nef .nrw .orf .pef
    .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f"""
_VIDEO = ".3gp .avi .m4v .mkv .mov .mp4 .mpeg .mpg .mts .webm .wmv"
_REFUSED = {
    "a camera's raw file; develop it and save it as JPEG, or as PNG": _RAW,
    "a video; save a frame of it as PNG": _VIDEO,
    "JPEG XL; save it as JPEG or PNG": ".jxl",
    "JPEG XR; save it as JPEG or PNG": ".jxr .wdp .hdp",
    "a vector drawing; save it as PNG": ".svg .svgz .eps .ai .wmf .emf",
    "an image editor's file; save it as PNG": ".psd .psb .xcf .kra .afphoto",
    "a kind of file that is not read; save it as PNG": ".tga .pcx .exr .hdr .pfm .dds .sgi .ras .xbm .bpg",
}

READ_SUFFIXES = frozenset(_READ.split())
VIDEO_SUFFIXES = frozenset(_VIDEO.split())
_ADVICE = {suffix: advice for advice, suffixes in _REFUSED.items() for suffix in suffixes.split()}

_BEGINNINGS = (
    (b"\xff\x0a", "JPEG XL; save it as JPEG or PNG"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL; save it as JPEG or PNG"),
    (b"8BPS", "an image editor's file; save it as PNG"),
    (b"%!PS", "a vector drawing; save it as PNG"),
    (b"\xc5\xd0\xd3\xc6", "a vector drawing; save it as PNG"),
    (b"<svg", "a vector drawing; save it as PNG"),
    (b"<?xml", "a vector drawing; save it as PNG"),
    (b"%PDF", "a document; save the picture in it as PNG"),
    (b"<!doctype", "a web page; download the picture itself"),
    (b"<html", "a web page; download the picture itself"),
    (b"FUJIFILMCCD-RAW", _ADVICE[".raf"]),
    (b"\x1a\x45\xdf\xa3", _ADVICE[".mkv"]),
    (b"\x93NUMPY", "an array of NumPy; latents go to unlearn --latents"),
    (b"PK\x03\x04", "an archive; unpack the photos in it, or give latents to unlearn --latents"),
)
_HEIC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"])
_AVIF_BRANDS = frozenset([b"avif", b"avis"])


def is_picture_name(path: Path) -> bool:
    """Return True if a file has the name of a picture, of any kind, and is not hidden."""
    suffix = path.suffix.lower()
    return (suffix in READ_SUFFIXES or suffix in _ADVICE) and not path.name.startswith(".")


def refused_suffix(path: Path) -> str | None:
    """Return what a file of this name is and what to do with it; None if its kind may be read."""
    return _ADVICE.get(path.suffix.lower())


def refused_content(beginning: bytes) -> str | None:
    """Return what a file with this beginning is and what to do with it; None if its kind may be read.

    Args:
      beginning: the first 64 bytes, or the whole file if it is shorter.
    """
    brands = _brands(beginning)
    if brands & _AVIF_BRANDS:
        return None if _reads_avif() else "AVIF; pip install 'pillow>=11.3', or save it as JPEG"
    if brands & _HEIC_BRANDS:
        return None if _reads_heic() else f"HEIC; {install('heif')}, or save it as JPEG"
    if b"crx " in brands:
        return _ADVICE[".cr3"]
    if brands:
        return _ADVICE[".mp4"]
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next(
        (
            advice
            for start, advice in _BEGINNINGS
            if beginning.startswith(start) or text[: len(start)].lower() == start
        ),
        None,
    )


def formats_for(beginning: bytes) -> tuple[str, ...]:
    """Return the formats that Pillow may try on a file with this beginning."""
    brands = _brands(beginning)
    if brands & _AVIF_BRANDS and _reads_avif():
        return ("AVIF",)
    if brands & _HEIC_BRANDS and _reads_heic():
        return ("HEIF",)
    return FORMATS


def _brands(beginning: bytes) -> frozenset[bytes]:
    """Return the kinds that an ISO media file (HEIC, AVIF, CR3, MP4) claims; empty for other files."""
    if beginning[4:8] != b"ftyp":
        return frozenset()
    length = min(int.from_bytes(beginning[:4]), len(beginning))
    return frozenset(beginning[k : k + 4] for k in (8, *range(16, max(length, 16), 4)))


def _reads_avif() -> bool:
    return bool(features.check("avif"))


def _reads_heic() -> bool:
    """Return True if pi-heif is installed; Pillow then reads HEIC from now on."""
    try:
        importlib.import_module("pi_heif").register_heif_opener()
    except ImportError:
        return False
    return True
