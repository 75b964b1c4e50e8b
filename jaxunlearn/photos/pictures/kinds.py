"""Which kinds of picture files are read, and what to do with the others.

Only the formats listed here are ever decoded. Pillow would also hand EPS to Ghostscript, and take the small
preview in a camera's raw file for the photo.
"""

import importlib
from pathlib import Path

from PIL import features

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
    "a drawing of vectors; save it as PNG": ".svg .svgz .eps .ai .wmf .emf",
    "a file of an image editor; save it as PNG": ".psd .psb .xcf .kra .afphoto",
    "of a kind that is not read; save it as PNG": ".tga .pcx .exr .hdr .pfm .dds .sgi .ras .xbm .bpg",
}

READ_SUFFIXES = frozenset(_READ.split())
VIDEO_SUFFIXES = frozenset(_VIDEO.split())
_ADVICE = {suffix: advice for advice, suffixes in _REFUSED.items() for suffix in suffixes.split()}

_BEGINNINGS = (
    (b"\xff\x0a", "JPEG XL; save it as JPEG or PNG"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL; save it as JPEG or PNG"),
    (b"8BPS", "a file of an image editor; save it as PNG"),
    (b"%!PS", "a drawing of vectors; save it as PNG"),
    (b"\xc5\xd0\xd3\xc6", "a drawing of vectors; save it as PNG"),
    (b"<svg", "a drawing of vectors; save it as PNG"),
    (b"<?xml", "a drawing of vectors; save it as PNG"),
    (b"%PDF", "a document; save the picture in it as PNG"),
    (b"<!doctype", "a web page; download the picture itself"),
    (b"<html", "a web page; download the picture itself"),
    (b"FUJIFILMCCD-RAW", _ADVICE[".raf"]),
    (b"\x1a\x45\xdf\xa3", _ADVICE[".mkv"]),
)
_HEIC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"])
_AVIF_BRANDS = frozenset([b"avif", b"avis"])


def is_picture_name(path: Path) -> bool:
    """Whether a file's name is that of a picture, of a kind that is read or refused; hidden ones are not."""
    suffix = path.suffix.lower()
    return (suffix in READ_SUFFIXES or suffix in _ADVICE) and not path.name.startswith(".")


def refused_suffix(path: Path) -> str | None:
    """What a file of this name is and what to do with it, if its kind is not read."""
    return _ADVICE.get(path.suffix.lower())


def refused_content(beginning: bytes) -> str | None:
    """What a file is that begins so and what to do with it, if its kind is known and not read.

    Args:
      beginning: at least 64 bytes, unless the file is shorter.
    """
    brands = _brands(beginning)
    if brands & _AVIF_BRANDS:
        return None if _reads_avif() else "AVIF; pip install 'pillow>=11.3', or save it as JPEG"
    if brands & _HEIC_BRANDS:
        return None if _reads_heic() else "HEIC; pip install 'jaxunlearn[heif]', or save it as JPEG"
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
    """The formats that Pillow may try on a file that begins so."""
    brands = _brands(beginning)
    if brands & _AVIF_BRANDS and _reads_avif():
        return ("AVIF",)
    if brands & _HEIC_BRANDS and _reads_heic():
        return ("HEIF",)
    return FORMATS


def _brands(beginning: bytes) -> frozenset[bytes]:
    """What an ISO media file (HEIC, AVIF, CR3, MP4) says that it is; empty for others."""
    if beginning[4:8] != b"ftyp":
        return frozenset()
    length = min(int.from_bytes(beginning[:4]), len(beginning))
    return frozenset(beginning[k : k + 4] for k in (8, *range(16, max(length, 16), 4)))


def _reads_avif() -> bool:
    return bool(features.check("avif"))


def _reads_heic() -> bool:
    """Whether pi-heif is here; Pillow reads HEIC from now on if so."""
    try:
        importlib.import_module("pi_heif").register_heif_opener()
    except ImportError:
        return False
    return True
