"""GUIDE's training step in the official program's order: one pair after the other, then one backward pass.

`L` rows of a latent, `D` length of a row; the batch is 1 everywhere.
"""

import copy
import dataclasses
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.official_step.camera import camera_label
from benchmarks.official_step.draws import Draws, Named
from benchmarks.official_step.generator import TriPlaneGenerator

PLANES, PERCEPTUAL, IDENTITY = 0.01, 1.0, 0.1
"""Factors of the three terms of a pair."""

YAW, PITCH = math.pi / 12, -0.2
ALPHA = 15.0
"""Largest distance of an adjacent latent."""

TARGET_DISTANCE = 30.0
LEARNING_RATE = 1e-4
PAIRS = 2
"""Adjacent pairs in a step of the official program, and also global pairs."""


@dataclasses.dataclass(frozen=True)
class Losses:
    """Losses of a step: the total, and its three parts as sums over their pairs."""

    total: float
    local: float
    adjacent: float
    global_: float


def extra_target(ws: Tensor, w_avg: Tensor) -> Tensor:
    """Return the target beyond the mean latent, seen from `ws` `[1, L, D]`."""
    away = ws - w_avg
    return w_avg - away / away.norm(p=2) * TARGET_DISTANCE


class OfficialStep:
    """A copy of a generator in training, the frozen generator, and what measures them.

    Attributes:
      trained: the copy; only `backbone.synthesis` asks for gradients.
      source: the frozen generator. None of its weights asks for a gradient, so no graph is kept for it.
      seen: the images and terms of the last step, by pair; only filled if `keep` is true.
    """

    def __init__(
        self,
        generator: TriPlaneGenerator,
        perceptual: nn.Module,
        identity: nn.Module,
        pivot: tuple[float, float, float] = (0.0, 0.0, 0.0),
        *,
        adjacent: int = PAIRS,
        everyone: int = PAIRS,
        keep: bool = False,
        pair_by_pair: bool = False,
    ):
        self.trained = generator.train()
        self.source = copy.deepcopy(generator).requires_grad_(False)
        for name, parameter in self.trained.named_parameters():
            parameter.requires_grad = "backbone.synthesis" in name
        self.optimiser = torch.optim.Adam(self.trained.parameters(), lr=LEARNING_RATE)
        self._perceptual, self._identity, self._pivot = perceptual, identity, pivot
        self._device = next(generator.parameters()).device
        self.frontal = camera_label(0.0, 0.0, pivot, self._device)
        self.keep = keep
        self._pair_by_pair, self._adjacent, self._everyone = pair_by_pair, adjacent, everyone
        self.seen: dict[str, Tensor] = {}

    def __call__(self, ws: Tensor, ws_target: Tensor, draws: Draws) -> Losses:
        """Do one step for the person `ws`, who becomes `ws_target`, both `[1, L, D]`."""
        yaw = YAW * (2 * draws.number("angle_y") - 1)
        c = camera_label(yaw, PITCH, self._pivot, self._device)
        zero = torch.tensor(0.0, device=self._device)
        self.optimiser.zero_grad()
        local = zero + self._whole_pair(ws, ws_target, c, "local", draws)
        losses = [local.item()]
        adjacent = zero
        for k in range(self._adjacent):
            delta = self._delta(ws, f"adj{k}", draws)
            adjacent = adjacent + self._whole_pair(ws + delta, ws_target + delta, c, f"adj{k}", draws)
        losses.append(adjacent.item())
        everyone = zero
        for k in range(self._everyone):
            random = self._random_latent(f"glob{k}", draws)
            x, y = self._images(random, random, c, f"glob{k}", draws)
            everyone = everyone + self._ended(self._distance(x, y, f"glob{k}"))
        losses.append(everyone.item())
        total = zero + local + adjacent + everyone
        if not self._pair_by_pair:
            total.backward()
        self.optimiser.step()
        return Losses(total.item(), *losses)

    def _random_latent(self, part: str, draws: Draws) -> Tensor:
        z = draws.normal(f"{part}.z", [1, self.trained.sizes.z_dim])
        return self.trained.mapping(z, self.frontal)

    def _delta(self, ws: Tensor, part: str, draws: Draws) -> Tensor:
        """Return the step to an adjacent latent, in float64 like the official program's."""
        away = self._random_latent(part, draws) - ws
        alpha = torch.tensor([[[ALPHA * draws.number(f"{part}.alpha")]]], dtype=torch.float64)
        return alpha.to(self._device) * away / away.norm(p=2)

    def _whole_pair(self, ws: Tensor, target: Tensor, c: Tensor, part: str, draws: Draws) -> Tensor:
        """Return the three terms of a pair; planes are drawn once more, with their own noise."""
        planes = self.trained.planes(ws, Named(draws, f"{part}.gen.planes"))
        wanted = self.source.planes(target, Named(draws, f"{part}.src.planes"))
        squared = functional.mse_loss(planes, wanted)
        x, y = self._images(ws, target, c, part, draws)
        distance = self._distance(x, y, part)
        identity = self._identity(x, y)
        self._see(f"{part}.mse", squared)
        self._see(f"{part}.id", identity)
        return self._ended(PLANES * squared + PERCEPTUAL * distance + IDENTITY * identity)

    def _ended(self, loss: Tensor) -> Tensor:
        """Return the loss of a pair; pair by pair, its gradient is added and its saved tensors are freed."""
        if not self._pair_by_pair:
            return loss
        loss.backward()
        return loss.detach()

    def _images(
        self, ws: Tensor, target: Tensor, c: Tensor, part: str, draws: Draws
    ) -> tuple[Tensor, Tensor]:
        x = self.trained.image(ws, c, Named(draws, f"{part}.gen.synth"))[0]
        y = self.source.image(target, c, Named(draws, f"{part}.src.synth"))[0]
        self._see(f"{part}.gen.synth", x)
        self._see(f"{part}.src.synth", y)
        return x, y

    def _distance(self, x: Tensor, y: Tensor, part: str) -> Tensor:
        distance = self._perceptual(x, y).mean()
        self._see(f"{part}.lpips", distance)
        return distance

    def _see(self, name: str, value: Tensor) -> None:
        if self.keep:
            self.seen[name] = value.detach()
