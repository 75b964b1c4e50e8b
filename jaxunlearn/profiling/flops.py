"""How many operations a step needs: counted from the architecture, not from what a compiler made of it.

A multiply-add is two operations. Counted are products that a perfect implementation could not leave out:
convolutions, where upsampling ones multiply samples and never the zeros between them, matrix products, and
the bilinear lookup. Not counted: elementwise work, resampling filters, the mapping network (under 0.01 % of a
step), what is computed again to save memory, and padding to whole devices.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from arcface_flax import ArcFaceConfig
from eg3d_flax import GeneratorConfig
from jaxunlearn.methods.base import StepSettings
from lpips_flax.backbones import BACKBONES, Conv, Fire, MaxPool

PARTS = ("backbone", "lookup", "decoder", "superresolution", "perceptual", "identity")
"""Of a step, in the order of computation."""


@dataclasses.dataclass(frozen=True)
class Networks:
    """What the loss is computed with.

    Attributes:
      generator: its sizes.
      perceptual: LPIPS' backbone: "vgg", "alex", "squeeze".
      identity: sizes of the face recognition network.
    """

    generator: GeneratorConfig
    perceptual: str
    identity: ArcFaceConfig


@dataclasses.dataclass(frozen=True)
class Work:
    """Operations.

    Attributes:
      forward: of what is computed.
      backward: of its gradient.
    """

    forward: float
    backward: float

    @property
    def total(self) -> float:
        """Both."""
        return self.forward + self.backward


def convolution(side: int, kernel: int, inputs: int, outputs: int) -> float:
    """Of a square convolution that yields `side`² samples, or, upsampling, that takes as many."""
    return 2.0 * side**2 * kernel**2 * inputs * outputs


def _channels(config: GeneratorConfig) -> dict[int, int]:
    """Of the backbone's blocks, by resolution."""
    sides = [2**i for i in range(2, config.plane_resolution.bit_length())]
    return {side: min(config.channel_base // side, config.channel_max) for side in sides}


def backbone(config: GeneratorConfig) -> float:
    """Of one sample's planes."""
    total, inputs = 0.0, 0
    for side, outputs in _channels(config).items():
        total += _block(side, inputs, outputs, 3 * config.plane_channels, up=2)
        inputs = outputs
    return total


def _block(side: int, inputs: int, outputs: int, image: int, *, up: int) -> float:
    """A synthesis block without its affine layers: at most 1 in 10,000."""
    total = convolution(side, 3, outputs, outputs) + convolution(side, 1, outputs, image)
    return total + (convolution(side // up, 3, inputs, outputs) if inputs else 0.0)


def points(config: GeneratorConfig, side: int) -> int:
    """Points at which an image of `side`² rays looks planes up."""
    return side**2 * (config.depth_resolution + config.depth_resolution_importance)


def lookup(config: GeneratorConfig, side: int) -> float:
    """Of one image: four corners of three planes a point."""
    return 2.0 * points(config, side) * 3 * 4 * config.plane_channels


def decoder(config: GeneratorConfig, side: int) -> float:
    """Of one image."""
    hidden = config.decoder_hidden_dim
    return 2.0 * points(config, side) * hidden * (config.plane_channels + 1 + config.decoder_output_dim)


def superresolution(config: GeneratorConfig) -> float:
    """Of one image; 0 for a generator without."""
    if config.superresolution_module == "none":
        return 0.0
    first, second = config.superresolution_channels
    up = 2 if config.superresolution_shape.first_block_up else 1
    middle = config.superresolution_input_resolution * up
    return _block(middle, config.decoder_output_dim, first, 3, up=up) + _block(
        2 * middle, first, second, 3, up=2
    )


def perceptual(net: str, side: int) -> float:
    """Of one image's features in LPIPS' eyes."""
    total, channels = 0.0, 3
    for layer in BACKBONES[net].layers:
        if isinstance(layer, Conv):
            side = (side + 2 * layer.padding - layer.kernel) // layer.stride + 1
            total += convolution(side, layer.kernel, channels, layer.channels)
            channels = layer.channels
        elif isinstance(layer, MaxPool):
            side = -(-(side - layer.kernel) // 2) + 1 if layer.ceil else (side - layer.kernel) // 2 + 1
        elif isinstance(layer, Fire):
            total += convolution(side, 1, channels, layer.squeeze)
            total += convolution(side, 1, layer.squeeze, layer.expand)
            total += convolution(side, 3, layer.squeeze, layer.expand)
            channels = 2 * layer.expand
    return total


def identity(config: ArcFaceConfig) -> float:
    """Of one face's embedding."""
    side, channels = config.input_size, config.stem_channels
    total = convolution(side, 3, 3, channels)
    for units, outputs in zip(config.units, config.channels, strict=True):
        for unit in range(units):
            total += convolution(side, 3, channels, outputs)
            side = side // 2 if unit == 0 else side
            total += convolution(side, 3, outputs, outputs)
            if channels != outputs:
                total += convolution(side, 1, channels, outputs)
            channels = outputs
    return total + 2.0 * channels * config.final_size**2 * config.embedding_size


def step(networks: Networks, settings: StepSettings) -> dict[str, Work]:
    """Of one step of one generator copy, by part (`PARTS`).

    Weights' gradients are needed of the backbone alone; images' and planes' gradients everywhere on the
    trainable generator's side, none on the source's. Terms of weight 0 are not computed.
    """
    weights, config = settings.sampling.weights(), networks.generator
    pairs = settings.sampling.count
    side = settings.neural_rendering_resolution or config.neural_rendering_resolution
    of_planes, seen = _rows(weights, "planes"), _rows(weights, "perceptual", "identity")
    distances, known = _rows(weights, "perceptual"), _rows(weights, "identity")
    image = config.img_resolution if config.superresolution_module != "none" else side
    again = of_planes if settings.draws == "independent" else 0
    kept = settings.sampling.keeps_target_planes and settings.noise_mode != "random"
    trained, source = pairs + again, pairs + again - (1 if kept else 0)
    planes = backbone(config)
    found = {"backbone": Work((trained + source) * planes, 2 * trained * planes)}
    for name, each in {
        "lookup": lookup(config, side),
        "decoder": decoder(config, side),
        "superresolution": superresolution(config),
    }.items():
        found[name] = Work(2 * seen * each, seen * each)
    looks = perceptual(networks.perceptual, image)
    found["perceptual"] = Work(2 * distances * looks, distances * looks)
    embedding = identity(networks.identity)
    found["identity"] = Work(2 * known * embedding, known * embedding)
    return found


def _rows(weights: Mapping[str, np.ndarray], *names: str) -> int:
    """Pairs of which at least one of the terms is computed."""
    return int(np.any([weights[name] != 0 for name in names], axis=0).sum())


def total(work: Mapping[str, Work]) -> float:
    """Of all parts."""
    return sum(part.total for part in work.values())
