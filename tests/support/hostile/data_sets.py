"""Prepared TFDS data sets that were damaged."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.support.hostile.case import Case, harm

_INFO = {
    "name": "x",
    "version": "1.0.0",
    "fileFormat": "array_record",
    "splits": [
        {
            "name": "train",
            "numBytes": "9",
            "shardLengths": ["1"],
            "filepathTemplate": "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}",
        }
    ],
}
_FEATURES = {
    "pythonClassName": "tensorflow_datasets.core.features.features_dict.FeaturesDict",
    "featuresDict": {
        "features": {
            "image": {
                "pythonClassName": "tensorflow_datasets.core.features.image_feature.Image",
                "image": {
                    "shape": {"dimensions": ["-1", "-1", "3"]},
                    "dtype": "uint8",
                    "encodingFormat": "png",
                },
            }
        }
    },
}


def _folder(files: dict[str, bytes | None]) -> Callable[[Path], None]:
    """A prepared data set in which some files are others, or pipes."""

    def prepare(folder: Path) -> None:
        (folder / "in").mkdir()
        whole: dict[str, bytes | None] = {
            "dataset_info.json": json.dumps(_INFO).encode(),
            "features.json": json.dumps(_FEATURES).encode(),
            "x-train.array_record-00000-of-00001": bytes(64),
        }
        for name, content in {**whole, **files}.items():
            if content is None:
                os.mkfifo(folder / "in" / name)
            else:
                (folder / "in" / name).write_bytes(content)

    return prepare


_FOLDERS: dict[str, dict[str, bytes | None]] = {
    "a record of zeros": {},
    "an empty record": {"x-train.array_record-00000-of-00001": b""},
    "a record of harm": {"x-train.array_record-00000-of-00001": harm()},
    "a record that is a pipe": {"x-train.array_record-00000-of-00001": None},
    "info that is a pipe": {"dataset_info.json": None},
    "features that are a pipe": {"features.json": None},
    "info cut short": {"dataset_info.json": b'{"name": "x", '},
    "info of a list": {"dataset_info.json": b"[]"},
    "info not utf-8": {"dataset_info.json": b"\xff\xfe"},
    "deep info": {"dataset_info.json": b"[" * 50_000},
    "no splits": {"dataset_info.json": b'{"name": "x", "version": "1.0.0"}'},
    "features cut short": {"features.json": b'{"pythonClassName": '},
    "features of another class": {
        "features.json": b'{"pythonClassName": "os.system", "json": {"json": "{}"}}'
    },
    "features of nothing": {"features.json": b"{}"},
}

DATA_SETS = [
    *(
        Case(f"data set: {name}", ("unlearn", "--image", "tfds:in", "--out", "out"), _folder(files))
        for name, files in _FOLDERS.items()
    ),
    Case("data set: nothing", ("unlearn", "--image", "tfds:", "--out", "out")),
    Case("data set: an unknown name", ("unlearn", "--image", "tfds:nowhere", "--out", "out")),
    Case("data set: a split that is none", ("unlearn", "--image", "tfds:in[[[", "--out", "out"), _folder({})),
    Case(
        "data set: an empty folder",
        ("unlearn", "--image", "tfds:in", "--out", "out"),
        lambda f: (f / "in").mkdir(),
    ),
]
