"""The networks of a step by size: the official ones, the bundled model's, and tiny ones for tests."""

import dataclasses
from collections.abc import Callable

from benchmarks.official_step.generator import Sizes
from benchmarks.official_step.identity import FaceSizes, IdentityLoss, random_identity_loss
from benchmarks.official_step.perceptual import LPIPS, alexnet, random_lpips, vgg
from benchmarks.official_step.renderer import Rendering
from benchmarks.official_step.superresolution import SuperresolutionSizes


@dataclasses.dataclass(frozen=True)
class Networks:
    """What a step needs, with random weights.

    Attributes:
      generator: its sizes.
      perceptual: builds LPIPS.
      identity: builds the identity loss.
      adjacent: adjacent pairs in a step.
      everyone: global pairs in a step.
    """

    generator: Sizes
    perceptual: Callable[[], LPIPS]
    identity: Callable[[], IdentityLoss]
    adjacent: int = 2
    everyone: int = 2


OFFICIAL = Networks(Sizes(), random_lpips, random_identity_loss)
"""GUIDE's: images of 512 x 512 pixels, VGG16 and IR-SE50."""

BUNDLED_GENERATOR = Sizes(
    z_dim=64,
    w_dim=128,
    mapping_layers=3,
    channel_base=3072,
    channel_max=192,
    plane_side=64,
    plane_channels=16,
    decoder_hidden=32,
    features=24,
    neural_side=32,
    rendering=Rendering(
        coarse=12, fine=12, near=2.28, far=2.90, box_warp=0.88, white_back=True, repeats_second_plane=False
    ),
    superresolution=SuperresolutionSizes(side=64, channels=(48, 24), first_up=False, float16=False),
)
"""Sizes of the generator that comes with jaxunlearn, `eg3d_flax.GeneratorConfig.heads`: 128 x 128 pixels. As
in our settings for it, a step renders 32 x 32 rays."""

BUNDLED_FACES = FaceSizes(
    units=(1, 1, 1, 1),
    channels=(16, 48, 96, 128),
    stem=8,
    squeeze_excite=False,
    side=64,
    embedding=128,
    cropped=False,
)
"""Sizes of the network of its identity loss, which looks at whole images."""

BUNDLED = Networks(
    BUNDLED_GENERATOR,
    lambda: random_lpips(alexnet),
    lambda: random_identity_loss(BUNDLED_FACES),
    everyone=3,
)
"""The bundled model's step: one local, two adjacent and three global pairs, LPIPS on AlexNet."""

TINY_GENERATOR = Sizes(
    z_dim=32,
    w_dim=32,
    channel_base=512,
    channel_max=16,
    plane_side=32,
    neural_side=16,
    rendering=Rendering(coarse=6, fine=6),
    superresolution=SuperresolutionSizes(side=16, channels=(16, 8)),
)

TINY = Networks(
    TINY_GENERATOR,
    lambda: random_lpips(lambda: vgg(((8,), (8,), (8,), (8,), (8,)))),
    lambda: random_identity_loss(FaceSizes(units=(1,), channels=(16,), stem=16)),
)
"""For tests of the program."""

NETWORKS = {"official": OFFICIAL, "bundled": BUNDLED, "tiny": TINY}
