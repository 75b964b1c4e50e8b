"""Configs of the face recognition networks."""

import dataclasses

from torch_bridge.limits import Limits, refuse_unusable

_LIMITS: Limits = {
    "units": (1, 100),
    "channels": (1, 8192),
    "stem_channels": (1, 8192),
    "input_size": (4, 1024),
    "embedding_size": (1, 8192),
}
_MOST_STAGES = 8
REDUCTION = 16
"""The hidden width of a squeeze-and-excitation is its unit's width divided by this."""


@dataclasses.dataclass(frozen=True)
class ArcFaceConfig:
    """An improved-residual (IR) network; every stage halves the resolution.

    Attributes:
      units: number of residual units in each stage.
      channels: width of each stage.
      stem_channels: width of the first convolution.
      squeeze_excite: True ends every unit with a squeeze-and-excitation.
      input_size: side of the square face in pixels, a multiple of 2 ** (number of stages).
      embedding_size: length of the embedding.
      affine_embedding: True gives the last normalisation a learned scale and shift.
    """

    units: tuple[int, ...]
    channels: tuple[int, ...] = (64, 128, 256, 512)
    stem_channels: int = 64
    squeeze_excite: bool = True
    input_size: int = 112
    embedding_size: int = 512
    affine_embedding: bool = True

    def __post_init__(self) -> None:
        refuse_unusable(self, _LIMITS)
        if not 1 <= len(self.units) <= _MOST_STAGES:
            raise ValueError(f"units has {len(self.units)} stages; give 1 to {_MOST_STAGES}")
        if len(self.units) != len(self.channels):
            raise ValueError(f"{len(self.units)} stages of units but {len(self.channels)} of channels")
        if self.input_size % 2 ** len(self.units):
            raise ValueError(
                f"input_size {self.input_size} is not a multiple of {2 ** len(self.units)}: each of the "
                f"{len(self.units)} stages halves it"
            )
        if self.squeeze_excite and min(self.channels) < REDUCTION:
            raise ValueError(
                f"channels must be at least {REDUCTION} with squeeze_excite, not {self.channels}"
            )

    @property
    def final_size(self) -> int:
        """Side of the last feature map."""
        return self.input_size // 2 ** len(self.units)

    @classmethod
    def ir_se50(cls) -> "ArcFaceConfig":
        """Return the config of GUIDE's loss network, `model_ir_se50.pth`: 43.8 M parameters."""
        return cls(units=(3, 4, 14, 3))

    @classmethod
    def ir_101(cls) -> "ArcFaceConfig":
        """Return the config of CurricularFace, `CurricularFace_Backbone.pth`: 65.1 M parameters."""
        return cls(units=(3, 13, 30, 3), squeeze_excite=False, affine_embedding=False)
