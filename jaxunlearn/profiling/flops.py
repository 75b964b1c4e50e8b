"""Count the operations of a step from the architecture, independent of the compiler.

A multiply-add is two operations. Counted are convolutions, matrix products and the bilinear lookup. An
upsampling convolution counts products with samples, not with the zeros between them. Not counted: elementwise
work, resampling filters, the mapping network (under 0.01 % of a step), recomputation to save memory, and
padding to whole devices.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from arcface_flax import ArcFaceConfig
from eg3d_flax import GeneratorConfig
from jaxunlearn.methods.base import StepSettings
from lpips_flax.backbones import BACKBONES, Conv, Fire, MaxPool

PARTS = ("backbone", "lookup", "decoder", "superresolution", "perceptual", "identity")
"""Parts of a step in the order of computation."""


@dataclasses.dataclass(frozen=True)
class Networks:
    """Sizes of the networks in the loss.

    Attributes:
      generator: config of the generator.
      perceptual: backbone of LPIPS: "vgg", "alex" or "squeeze".
      identity: config of the identity network.
    """

    generator: GeneratorConfig
    perceptual: str
    identity: ArcFaceConfig


@dataclasses.dataclass(frozen=True)
class Work:
    """Numbers of operations.

    Attributes:
      forward: of the function.
      backward: of its gradient.
    """

    forward: float
    backward: float

    @property
    def total(self) -> float:
        """Operations of both."""
        return self.forward + self.backward


def convolution(side: int, kernel: int, inputs: int, outputs: int) -> float:
    """Return the FLOPs of a square convolution.

    Args:
      side: pixels along each side of the output; of the input for an upsampling convolution.
      kernel: weights along each side of the kernel.
      inputs: input channels.
      outputs: output channels.
    """
    return 2.0 * side**2 * kernel**2 * inputs * outputs


def _channels(config: GeneratorConfig) -> dict[int, int]:
    """Return the channels of the backbone's blocks by resolution."""
    sides = [2**i for i in range(2, config.plane_resolution.bit_length())]
    return {side: min(config.channel_base // side, config.channel_max) for side in sides}


def backbone(config: GeneratorConfig) -> float:
    """Return the FLOPs of the planes of one latent."""
    total, inputs = 0.0, 0
    for side, outputs in _channels(config).items():
        total += _block(side, inputs, outputs, 3 * config.plane_channels, up=2)
        inputs = outputs
    return total


def _block(side: int, inputs: int, outputs: int, image: int, *, up: int) -> float:
    """Return the FLOPs of a synthesis block, without affine layers (at most 0.01 % of it)."""
    total = convolution(side, 3, outputs, outputs) + convolution(side, 1, outputs, image)
    return total + (convolution(side // up, 3, inputs, outputs) if inputs else 0.0)


def points(config: GeneratorConfig, side: int) -> int:
    """Return the number of points at which an image of `side` x `side` rays looks up the planes."""
    return side**2 * (config.depth_resolution + config.depth_resolution_importance)


def lookup(config: GeneratorConfig, side: int) -> float:
    """Return the FLOPs of the lookup for one image: each point needs four corners of three planes."""
    return 2.0 * points(config, side) * 3 * 4 * config.plane_channels


def decoder(config: GeneratorConfig, side: int) -> float:
    """Return the FLOPs of the decoder for one image of `side` x `side` rays."""
    hidden = config.decoder_hidden_dim
    return 2.0 * points(config, side) * hidden * (config.plane_channels + 1 + config.decoder_output_dim)


def superresolution(config: GeneratorConfig) -> float:
    """Return the FLOPs of super-resolution for one image; 0 for a generator without it."""
    if config.superresolution_module == "none":
        return 0.0
    first, second = config.superresolution_channels
    up = 2 if config.superresolution_shape.first_block_up else 1
    middle = config.superresolution_input_resolution * up
    return _block(middle, config.decoder_output_dim, first, 3, up=up) + _block(
        2 * middle, first, second, 3, up=2
    )


def perceptual(net: str, side: int) -> float:
    """Return the FLOPs of LPIPS' features of one image of `side` x `side` pixels."""
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
    """Return the FLOPs of the embedding of one face."""
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
    """Return the operations of one step of one generator copy, by part (`PARTS`).

    Only the backbone needs gradients of weights. The trainable generator needs gradients of images and planes
    in all parts; the source needs none. Terms of weight 0 are not computed.
    """
    weights, config = settings.sampling.weights(), networks.generator
    pairs = settings.sampling.count
    side = settings.neural_rendering_resolution or config.neural_rendering_resolution
    with_planes, rendered = _pairs(weights, "planes"), _pairs(weights, "perceptual", "identity")
    with_perceptual, with_identity = _pairs(weights, "perceptual"), _pairs(weights, "identity")
    image = config.img_resolution if config.superresolution_module != "none" else side
    again = with_planes if settings.draws == "independent" else 0
    kept = settings.sampling.keeps_target_planes and settings.noise_mode != "random"
    trained, source = pairs + again, pairs + again - (1 if kept else 0)
    planes = backbone(config)
    work = {"backbone": Work((trained + source) * planes, 2 * trained * planes)}
    for name, operations in {
        "lookup": lookup(config, side),
        "decoder": decoder(config, side),
        "superresolution": superresolution(config),
    }.items():
        work[name] = Work(2 * rendered * operations, rendered * operations)
    features = perceptual(networks.perceptual, image)
    work["perceptual"] = Work(2 * with_perceptual * features, with_perceptual * features)
    embedding = identity(networks.identity)
    work["identity"] = Work(2 * with_identity * embedding, with_identity * embedding)
    return work


def _pairs(weights: Mapping[str, np.ndarray], *names: str) -> int:
    """Return the number of pairs with at least one of these terms."""
    return int(np.any([weights[name] != 0 for name in names], axis=0).sum())


def total(work: Mapping[str, Work]) -> float:
    """Return the operations of all parts."""
    return sum(part.total for part in work.values())
