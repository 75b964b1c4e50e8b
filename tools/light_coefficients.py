"""Make `jaxunlearn/zoo/surroundings.json` from the environment maps of the npm package `@pmndrs/assets`.

    npm pack @pmndrs/assets@1.7.0
    pip install OpenEXR==3.5.3
    python tools/light_coefficients.py pmndrs-assets-1.7.0.tgz

The package (CC0-1.0) holds 18 panoramas of high dynamic range, as EXR files in base64. Only nine coefficients
a colour are kept of each: what a matt surface shows of its surroundings.
"""

import argparse
import base64
import hashlib
import json
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import OpenEXR  # pyright: ignore[reportMissingImports]

from jaxunlearn.zoo.synthetic.light.harmonics import basis

OUTPUT = Path(__file__).parents[1] / "jaxunlearn" / "zoo" / "surroundings.json"
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
BRIGHTEST = 12.0
"""Largest radiance kept, in units of the median: nine numbers cannot hold a sun, and scenarios add a lamp."""
WINDOW = np.array([1.0] + [0.9] * 3 + [0.65] * 5)
"""Factors that keep the sum of the bands from going negative opposite to a bright window."""


def panoramas(package: Path) -> dict[str, np.ndarray]:
    """Read the panoramas of the package: name -> radiance [rows, columns, 3]; the first row is overhead."""
    images = {}
    with tarfile.open(package) as archive, tempfile.TemporaryDirectory() as folder:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            name = member.name.removeprefix("package/hdri/")
            source = archive.extractfile(member)
            if not name.endswith(".exr.js") or "/" in name or source is None:
                continue
            encoded = source.read().decode().split("base64,")[1].split("'")[0]
            file = Path(folder) / name.removesuffix(".js")
            file.write_bytes(base64.b64decode(encoded))
            with OpenEXR.File(str(file)) as image:
                images[file.stem] = image.channels()["RGB"].pixels[..., :3].astype(np.float64)
    return images


def project(radiance: np.ndarray) -> np.ndarray:
    """Return the coefficients [9, 3] of a panorama, with a mean luminance of 1 and white balance."""
    rows, columns = radiance.shape[:2]
    polar = (np.arange(rows) + 0.5) / rows * np.pi
    azimuth = (np.arange(columns) + 0.5) / columns * 2 * np.pi - np.pi
    directions = np.stack(
        [
            np.sin(polar)[:, None] * np.sin(azimuth),
            np.broadcast_to(np.cos(polar)[:, None], (rows, columns)),
            np.sin(polar)[:, None] * np.cos(azimuth),
        ],
        axis=-1,
    )
    solid_angle = np.sin(polar)[:, None, None] * (np.pi / rows) * (2 * np.pi / columns)
    brightness = radiance @ LUMINANCE
    excess = np.minimum(1, BRIGHTEST * np.median(brightness) / np.maximum(brightness, 1e-9))
    radiance = radiance * excess[..., None]
    mean = (radiance * solid_angle).sum((0, 1)) / (4 * np.pi)
    # As a camera's automatic white balance: half of the cast of the whole surroundings goes.
    radiance = radiance / np.sqrt(mean * (mean @ LUMINANCE))
    radiance /= (radiance * solid_angle).sum((0, 1)) @ LUMINANCE / (4 * np.pi)
    weights = basis(directions) * solid_angle
    return WINDOW[:, None] * np.einsum("ijk,ijc->kc", weights, radiance)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Reduce environment maps to nine numbers a colour.")
    parser.add_argument("package", type=Path, help="the packed npm package, a .tgz file")
    package = parser.parse_args().package
    contents = {
        "source": "npm package @pmndrs/assets 1.7.0, folder hdri",
        "licence": "CC0-1.0",
        "sha256": hashlib.sha256(package.read_bytes()).hexdigest(),
        "coefficients": {
            name: np.round(project(radiance), 4).tolist() for name, radiance in panoramas(package).items()
        },
    }
    OUTPUT.write_text(json.dumps(contents, indent=1) + "\n")


if __name__ == "__main__":
    main()
