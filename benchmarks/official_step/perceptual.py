"""LPIPS v0.1 in the form of the package `lpips`. Images are `[B, 3, H, W]` in [-1, 1]."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

Widths = tuple[tuple[int, ...], ...]
VGG16: Widths = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


Backbone = tuple[nn.Sequential, list[int]]
"""Layers with torchvision's numbers, and the layers whose results are compared."""


def vgg(stages: Widths = VGG16) -> Backbone:
    """Build torchvision's `vgg16().features` up to the last ReLU; the last ReLU of each stage is compared."""
    layers: list[nn.Module] = []
    taps, inputs = [], 3
    for stage, widths in enumerate(stages):
        if stage:
            layers.append(nn.MaxPool2d(2, 2))
        for width in widths:
            layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU(inplace=True)]
            inputs = width
        taps.append(len(layers) - 1)
    return nn.Sequential(*layers), taps


def alexnet() -> Backbone:
    """Build torchvision's `alexnet().features` up to the last ReLU; every ReLU is compared."""
    layers = nn.Sequential(
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(inplace=True),
    )
    return layers, [index for index, layer in enumerate(layers) if isinstance(layer, nn.ReLU)]


class Head(nn.Module):
    """The learned weights of one tap's channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))


class LPIPS(nn.Module):
    """A perceptual distance; as in the package, only the heads ask for gradients of their weights."""

    shift: Tensor
    scale: Tensor

    def __init__(self, backbone: Callable[[], Backbone] = vgg):
        super().__init__()
        layers, self.taps = backbone()
        self.features = layers.requires_grad_(False)
        for k, tap in enumerate(self.taps):
            convolution = layers[tap - 1]
            assert isinstance(convolution, nn.Conv2d)
            setattr(self, f"lin{k}", Head(convolution.out_channels))
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[:, None, None], persistent=False)
        self.eval()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the distance of each pair of images, `[B, 1, 1, 1]`."""
        total = torch.zeros([], device=x.device)
        for k, (a, b) in enumerate(zip(self._activations(x), self._activations(y), strict=True)):
            squared = (_unit(a) - _unit(b)) ** 2
            total = total + getattr(self, f"lin{k}").model(squared).mean([2, 3], keepdim=True)
        return total

    def _activations(self, images: Tensor) -> list[Tensor]:
        x = (images - self.shift) / self.scale
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                found.append(x)
        return found


def _unit(x: Tensor) -> Tensor:
    return x / (torch.sqrt(torch.sum(x**2, dim=1, keepdim=True)) + 1e-10)


def random_lpips(backbone: Callable[[], Backbone] = vgg) -> LPIPS:
    """Build LPIPS with random weights: of He's size, and heads that are positive and sum to 1."""
    module = LPIPS(backbone)
    for layer in module.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            assert layer.bias is not None
            nn.init.normal_(layer.bias, std=0.1)  # pixels whose activations are all zero have no gradient
    for k in range(len(module.taps)):
        weight = getattr(module, f"lin{k}").model[1].weight
        nn.init.uniform_(weight, 0, 2 / weight.numel())
    return module
