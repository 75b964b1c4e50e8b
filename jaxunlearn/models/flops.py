"""Operations of the networks that a step runs: counted from the architecture, not from a compiled program.

A multiply-add is two operations. Counted are products that a perfect implementation could not leave out:
convolutions (an upsampling one multiplies samples, never the zeros between them), matrix products, and the
bilinear lookup. Not counted: elementwise work, resampling filters, the mapping network (under 0.01 % of a
step), what is computed again to save memory, and padding to whole devices.
"""

import dataclasses

from arcface_flax import ArcFaceConfig
from eg3d_flax import GeneratorConfig
from lpips_flax.backbones import BACKBONES, Conv, Fire, MaxPool


@dataclasses.dataclass(frozen=True)
class Networks:
    """Sizes of the networks that a step runs.

    Attributes:
      generator: sizes of the generator.
      perceptual: LPIPS' backbone: "vgg", "alex", "squeeze".
      identity: sizes of the face recognition network.
    """

    generator: GeneratorConfig
    perceptual: str
    identity: ArcFaceConfig


def convolution(side: int, kernel: int, inputs: int, outputs: int) -> float:
    """Return the operations of a square convolution with `side`² outputs; with upsampling, `side`² inputs."""
    return 2.0 * side**2 * kernel**2 * inputs * outputs


def _channels(config: GeneratorConfig) -> dict[int, int]:
    """Return the channels of the backbone's blocks, by resolution."""
    sides = [2**i for i in range(2, config.plane_resolution.bit_length())]
    return {side: min(config.channel_base // side, config.channel_max) for side in sides}


def backbone(config: GeneratorConfig) -> float:
    """Return the operations of one latent's planes."""
    total, inputs = 0.0, 0
    for side, outputs in _channels(config).items():
        total += _block(side, inputs, outputs, 3 * config.plane_channels, up=2)
        inputs = outputs
    return total


def _block(side: int, inputs: int, outputs: int, image: int, *, up: int) -> float:
    """Return the operations of a synthesis block; its affine layers, at most 1 in 10,000, are left out."""
    total = convolution(side, 3, outputs, outputs) + convolution(side, 1, outputs, image)
    return total + (convolution(side // up, 3, inputs, outputs) if inputs else 0.0)


def points(config: GeneratorConfig, side: int) -> int:
    """Return the number of points at which an image of `side`² rays looks the planes up."""
    return side**2 * (config.depth_resolution + config.depth_resolution_importance)


def lookup(config: GeneratorConfig, side: int) -> float:
    """Return the operations of the lookup of one image: four corners of three planes a point."""
    return 2.0 * points(config, side) * 3 * 4 * config.plane_channels


def decoder(config: GeneratorConfig, side: int) -> float:
    """Return the operations of the decoder for one image."""
    hidden = config.decoder_hidden_dim
    return 2.0 * points(config, side) * hidden * (config.plane_channels + 1 + config.decoder_output_dim)


def superresolution(config: GeneratorConfig) -> float:
    """Return the operations of super-resolution for one image; 0 for a generator without it."""
    if config.superresolution_module == "none":
        return 0.0
    first, second = config.superresolution_channels
    up = 2 if config.superresolution_shape.first_block_up else 1
    middle = config.superresolution_input_resolution * up
    return _block(middle, config.decoder_output_dim, first, 3, up=up) + _block(
        2 * middle, first, second, 3, up=2
    )


def perceptual(net: str, side: int) -> float:
    """Return the operations of the features that LPIPS compares, of one image of `side`² pixels."""
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
    """Return the operations of the embedding of one face."""
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
