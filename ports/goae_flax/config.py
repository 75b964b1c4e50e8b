"""Configs of the GOAE encoder."""

import dataclasses

from torch_bridge.limits import Limits, refuse_unusable

_SWIN_LIMITS: Limits = {
    "image_size": (4, 1024),
    "patch_size": (1, 64),
    "embed_dim": (1, 2048),
    "depths": (1, 64),
    "num_heads": (1, 256),
    "window_size": (1, 64),
    "pretrained_window_sizes": (0, 64),
    "mlp_ratio": (1, 16),
}
_MOST_STAGES = 8
_LIMITS: Limits = {
    "w_dim": (2, 8192),
    "coarse": (1, 64),
    "mid": (1, 64),
    "fine": (1, 64),
    "attention_heads": (1, 256),
    "feed_forward": (1, 65536),
}


@dataclasses.dataclass(frozen=True)
class SwinConfig:
    """A Swin Transformer V2; names follow its reference implementation.

    Attributes:
      image_size: side of the square image in pixels.
      patch_size: side of the patches that become the first tokens.
      embed_dim: channels of the first stage; every later stage doubles them and halves the resolution.
      depths: blocks in each stage.
      num_heads: attention heads in each stage.
      window_size: side of the attention windows in tokens; a smaller map is one window.
      pretrained_window_sizes: window size of each stage in pre-training, which sets the scale of relative
        positions; 0 for `window_size`.
      mlp_ratio: hidden width of the blocks' perceptrons, relative to the channels.
    """

    image_size: int = 256
    patch_size: int = 4
    embed_dim: int = 128
    depths: tuple[int, ...] = (2, 2, 18, 2)
    num_heads: tuple[int, ...] = (4, 8, 16, 32)
    window_size: int = 16
    pretrained_window_sizes: tuple[int, ...] = (12, 12, 12, 6)
    mlp_ratio: int = 4

    def __post_init__(self) -> None:
        refuse_unusable(self, _SWIN_LIMITS)
        if not 1 <= len(self.depths) <= _MOST_STAGES:
            raise ValueError(f"depths has {len(self.depths)} stages; give 1 to {_MOST_STAGES}")
        stages = {len(self.depths), len(self.num_heads), len(self.pretrained_window_sizes)}
        if len(stages) != 1:
            raise ValueError("depths, num_heads and pretrained_window_sizes must have one entry per stage")
        coarsest = self.patch_size * 2 ** (len(self.depths) - 1)
        if self.image_size % coarsest:
            raise ValueError(f"image_size {self.image_size} is not a multiple of {coarsest}")
        for stage in range(len(self.depths)):
            if self.resolution(stage) % self.window(stage):
                raise ValueError(
                    f"stage {stage}: windows of {self.window_size} do not tile "
                    f"a map of {self.resolution(stage)}"
                )
            if self.channels(stage) % self.num_heads[stage]:
                raise ValueError(
                    f"stage {stage}: {self.channels(stage)} channels do not split into "
                    f"{self.num_heads[stage]} heads"
                )

    def resolution(self, stage: int) -> int:
        """Return the side of a stage's token map."""
        return self.image_size // self.patch_size // 2**stage

    def channels(self, stage: int) -> int:
        """Return the number of channels of a stage."""
        return self.embed_dim * 2**stage

    def window(self, stage: int) -> int:
        """Return the side of a stage's windows in tokens."""
        return min(self.window_size, self.resolution(stage))


@dataclasses.dataclass(frozen=True)
class GOAEConfig:
    """The encoder: a backbone of four stages, and heads that make latents from its maps.

    Attributes:
      swin: the backbone.
      w_dim: length of a latent vector.
      coarse: number of latents that attend to the coarse map. They follow the first latent, which is the base
        code alone.
      mid: number of the following latents, which attend to the middle map.
      fine: number of the remaining latents, which attend to the fine map.
      attention_heads: heads of the three cross-attentions.
      feed_forward: hidden width of their perceptrons.
    """

    swin: SwinConfig = SwinConfig()
    w_dim: int = 512
    coarse: int = 3
    mid: int = 3
    fine: int = 7
    attention_heads: int = 4
    feed_forward: int = 1024

    def __post_init__(self) -> None:
        refuse_unusable(self, _LIMITS)
        if len(self.swin.depths) != 4:
            raise ValueError(f"the encoder's heads read 4 stages, not {len(self.swin.depths)}")
        if self.w_dim % self.attention_heads:
            raise ValueError(f"w_dim {self.w_dim} does not split into {self.attention_heads} attention_heads")

    @property
    def num_ws(self) -> int:
        """Number of latents of an image."""
        return 1 + self.coarse + self.mid + self.fine

    @classmethod
    def ffhq(cls) -> "GOAEConfig":
        """Return the config of `encoder_FFHQ.pt` and `encoder_AFHQ.pt`: 111.2 M parameters, 14 latents."""
        return cls()
