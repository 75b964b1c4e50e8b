"""Time GUIDE's official training step, stated in plain PyTorch.

    python3 benchmarks/official_step/measure.py --device cuda --steps 20 --out official.json

Needs PyTorch and NumPy only. Weights are random: speed does not depend on them.
"""

import argparse
import dataclasses
import platform
import resource
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # runs without being installed

import numpy as np
import torch

from benchmarks.official_step import record
from benchmarks.official_step.draws import RandomDraws
from benchmarks.official_step.generator import TriPlaneGenerator
from benchmarks.official_step.networks import NETWORKS, Networks
from benchmarks.official_step.step import Losses, OfficialStep, extra_target
from benchmarks.official_step.superresolution import dtype_of

EVERY = 5
"""Steps between two writings of the file."""

SEED = 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=20, help="timed steps")
    parser.add_argument("--warm-up", type=int, default=3, help="steps before them")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument(
        "--tf32",
        choices=("default", "all", "none"),
        default="default",
        help="default: PyTorch's own settings, TF32 in convolutions but not in matrix products",
    )
    parser.add_argument(
        "--cudnn-benchmark",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="let cuDNN choose by timing, as EG3D's training does; GUIDE's program leaves it off",
    )
    parser.add_argument(
        "--pair-by-pair",
        action="store_true",
        help="one backward pass for each pair, so that one pair's tensors are kept instead of five",
    )
    parser.add_argument(
        "--networks",
        choices=list(NETWORKS),
        default="official",
        help="sizes: the official ones, those of jaxunlearn's bundled model, or tiny ones for a test",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--unless-finished", action="store_true", help="do nothing if the file has so many steps already"
    )
    options = parser.parse_args(arguments)
    if options.steps < 1 or options.warm_up < 0:
        parser.error("--steps must be at least 1, and --warm-up at least 0")
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no CUDA device; give --device cpu")
    if not options.out.parent.is_dir():
        parser.error(f"--out: the folder {options.out.parent} does not exist")
    return options


def configure(options: argparse.Namespace) -> None:
    """Set what PyTorch keeps for the whole process."""
    torch.backends.cudnn.benchmark = options.cudnn_benchmark
    if options.tf32 != "default":
        allowed = options.tf32 == "all"
        torch.backends.cuda.matmul.allow_tf32 = allowed
        torch.backends.cudnn.allow_tf32 = allowed


def prepare(
    networks: Networks, device: torch.device, *, pair_by_pair: bool = False
) -> tuple[OfficialStep, Any, Any]:
    """Build the step, the person's latent and the target, with random weights."""
    torch.manual_seed(SEED)
    sizes = networks.generator
    generator = TriPlaneGenerator(sizes)
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_strength"):
            torch.nn.init.constant_(parameter, 0.1)
    step = OfficialStep(
        generator.to(device),
        networks.perceptual().to(device),
        networks.identity().to(device),
        adjacent=networks.adjacent,
        everyone=networks.everyone,
        pair_by_pair=pair_by_pair,
    )
    with torch.no_grad():
        latents = step.trained.mapping(
            torch.randn(64, sizes.z_dim, device=device), step.frontal.repeat(64, 1)
        )
        ws, w_avg = latents[:1].clone(), latents.mean(0, keepdim=True)
    return step, ws, extra_target(ws, w_avg)


def describe(options: argparse.Namespace, networks: Networks, device: torch.device) -> dict[str, Any]:
    """Return what the numbers depend on."""
    cuda = device.type == "cuda"
    return {
        "command": " ".join(["measure.py", *sys.argv[1:]]),
        "device": torch.cuda.get_device_name(device) if cuda else platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "tf32": options.tf32,
        "tf32_in_products": torch.backends.cuda.matmul.allow_tf32,
        "tf32_in_convolutions": torch.backends.cudnn.allow_tf32,
        "cudnn_benchmark": torch.backends.cudnn.benchmark,
        "superresolution_dtype": dtype_of(networks.generator.superresolution, device),
        "pair_by_pair": options.pair_by_pair,
        "networks": options.networks,
        "pairs": 1 + networks.adjacent + networks.everyone,
        "sizes": dataclasses.asdict(networks.generator),
    }


def peak_memory(device: torch.device) -> dict[str, int]:
    """Return peaks in bytes: of tensors and of the allocator on CUDA, of the whole process on a CPU."""
    if device.type == "cuda":
        return {
            "peak_allocated": torch.cuda.max_memory_allocated(device),
            "peak_reserved": torch.cuda.max_memory_reserved(device),
        }
    return {"peak_resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


def timed(step: OfficialStep, ws: Any, target: Any, draws: RandomDraws) -> tuple[float, Losses]:
    """Do one step and return its seconds; the clock stops when the device has finished."""
    synchronise = torch.cuda.synchronize if ws.device.type == "cuda" else lambda: None
    synchronise()
    began = time.perf_counter()
    losses = step(ws, target, draws)
    synchronise()
    return time.perf_counter() - began, losses


def main(arguments: list[str] | None = None) -> None:
    """Measure and write the file."""
    options = parse(arguments)
    if options.unless_finished and record.is_finished(options.out, options.steps):
        print(f"finished before: {options.out}")
        return
    configure(options)
    device = torch.device(options.device)
    networks = NETWORKS[options.networks]
    step, ws, target = prepare(networks, device, pair_by_pair=options.pair_by_pair)
    draws = RandomDraws(device, SEED)
    written = describe(options, networks, device)
    warm_up: list[float] = []
    seconds: list[float] = []
    losses: list[dict[str, float]] = []
    for k in range(options.warm_up + options.steps):
        warming = k < options.warm_up
        took, found = timed(step, ws, target, draws)
        (warm_up if warming else seconds).append(took)
        losses.append(dataclasses.asdict(found))
        word = "warm-up" if warming else "step"
        print(
            f"{word} {k + 1}/{options.warm_up + options.steps}: {took:.4f} s, loss {found.total:.4f}",
            flush=True,
        )
        if (k + 1) % EVERY == 0 or k + 1 == options.warm_up + options.steps:
            written |= {"warm_up_seconds": warm_up, "seconds": seconds, **record.summary(seconds)}
            written |= {"losses": losses, **peak_memory(device)}
            record.write(options.out, written)
    print(f"median {written['median']:.4f} s, 95th percentile {written['p95']:.4f} s: {options.out}")


if __name__ == "__main__":
    main()
