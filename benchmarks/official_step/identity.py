"""GUIDE's identity loss on IR-SE50 or a smaller network. Images are `[B, 3, H, W]` in [-1, 1]."""

import dataclasses

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclasses.dataclass(frozen=True)
class FaceSizes:
    """Sizes of a face network; the defaults are those of IR-SE50.

    Attributes:
      units: residual units of each stage; a stage halves the sides.
      channels: of each stage.
      stem: channels of the first convolution.
      squeeze_excite: True ends every unit with a squeeze-and-excitation.
      side: of a face in pixels.
      embedding: length of the result.
      cropped: True cuts the face out of an image that is framed like FFHQ; False takes the whole image.
    """

    units: tuple[int, ...] = (3, 4, 14, 3)
    channels: tuple[int, ...] = (64, 128, 256, 512)
    stem: int = 64
    squeeze_excite: bool = True
    side: int = 112
    embedding: int = 512
    cropped: bool = True


IR_SE50 = FaceSizes()


class SqueezeExcite(nn.Module):
    """Scale each channel by a function of all channels' means."""

    def __init__(self, channels: int):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // 16, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // 16, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Scale `[B, C, H, W]`."""
        return x * torch.sigmoid(self.fc2(functional.relu(self.fc1(self.avg_pool(x)), inplace=True)))


class ResidualUnit(nn.Module):
    """Two convolutions with a shortcut; the second convolution has the stride."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, squeeze_excite: bool):
        super().__init__()
        if inputs == outputs:
            self.shortcut_layer: nn.Module = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            *([SqueezeExcite(outputs)] if squeeze_excite else []),
        )

    @property
    def last_norm(self) -> nn.BatchNorm2d:
        """The normalisation at the end of the residual branch."""
        norm = self.res_layer[4]
        assert isinstance(norm, nn.BatchNorm2d)
        return norm

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, I, H, W]` to `[B, O, H / stride, W / stride]`."""
        return self.res_layer(x) + self.shortcut_layer(x)


class FaceNetwork(nn.Module):
    """IR-SE50, or a smaller network of its kind, in eval mode."""

    def __init__(self, sizes: FaceSizes = IR_SE50):
        super().__init__()
        self.sizes = sizes
        inputs = sizes.stem
        self.input_layer = nn.Sequential(
            nn.Conv2d(3, inputs, 3, 1, 1, bias=False), nn.BatchNorm2d(inputs), nn.PReLU(inputs)
        )
        body: list[nn.Module] = []
        for count, outputs in zip(sizes.units, sizes.channels, strict=True):
            for unit in range(count):
                stride = 1 if unit else 2
                body.append(ResidualUnit(inputs, outputs, stride, squeeze_excite=sizes.squeeze_excite))
                inputs = outputs
        self.body = nn.Sequential(*body)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Dropout(0.6),
            nn.Flatten(),
            nn.Linear(inputs * (sizes.side >> len(sizes.units)) ** 2, sizes.embedding),
            nn.BatchNorm1d(sizes.embedding),
        )
        self.eval()

    def forward(self, faces: Tensor) -> Tensor:
        """Map faces `[B, 3, side, side]` to unit vectors `[B, embedding]`."""
        x = self.output_layer(self.body(self.input_layer(faces)))
        return x / torch.norm(x, 2, 1, True)


class IdentityLoss(nn.Module):
    """One minus the cosine of two faces' embeddings.

    As in the official program, the weights of the face network ask for gradients, although nothing uses them.
    """

    def __init__(self, facenet: FaceNetwork):
        super().__init__()
        self.facenet = facenet
        self.face_pool = nn.AdaptiveAvgPool2d((facenet.sizes.side, facenet.sizes.side))

    def crop(self, images: Tensor) -> Tensor:
        """Return the input of the network: the face, or the whole image, in the network's size."""
        if not self.facenet.sizes.cropped:
            return self.face_pool(images)
        x = functional.interpolate(images, (256, 256), mode="bilinear")
        return self.face_pool(x[:, :, 35:223, 32:220])

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss of images `x` against `y`; no gradient flows to `y`."""
        found, wanted = self.facenet(self.crop(x)), self.facenet(self.crop(y)).detach()
        total = torch.zeros([], device=x.device)
        for i in range(len(x)):
            total = total + (1 - found[i].dot(wanted[i]))
        return total / len(x)


def random_identity_loss(sizes: FaceSizes = IR_SE50) -> IdentityLoss:
    """Build the loss with random weights: of He's size, with small residual branches."""
    network = FaceNetwork(sizes)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
        if isinstance(layer, ResidualUnit):
            layer.last_norm.weight.data.fill_(0.2)
    return IdentityLoss(network)
