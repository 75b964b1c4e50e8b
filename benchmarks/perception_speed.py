"""Images a second of every network that measures or encodes faces, at the sizes of the papers.

    python -m benchmarks.perception_speed

Weights are random: speed does not depend on them. Writes `perception_speed.md`.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
from flax import nnx
from tqdm import tqdm

from arcface_flax import ArcFace, ArcFaceConfig
from goae_flax import GOAEConfig, GOAEEncoder
from inception_flax import InceptionV3
from jaxunlearn.models.generator import initialised
from jaxunlearn.profiling.devices import processor
from lpips_flax import LPIPS
from torch_bridge import replacing

Make = Callable[[], nnx.Module]
NETWORKS: dict[str, tuple[Make, int, int]] = {
    "LPIPS AlexNet, pairs of 64²": (lambda: LPIPS("alex", rngs=nnx.Rngs(0)), 64, 2),
    "LPIPS AlexNet, pairs of 512²": (lambda: LPIPS("alex", rngs=nnx.Rngs(0)), 512, 2),
    "LPIPS SqueezeNet, pairs of 512²": (lambda: LPIPS("squeeze", rngs=nnx.Rngs(0)), 512, 2),
    "LPIPS VGG16, pairs of 512²": (lambda: LPIPS("vgg", rngs=nnx.Rngs(0)), 512, 2),
    "IR-SE50, 112²": (lambda: ArcFace(ArcFaceConfig.ir_se50(), rngs=nnx.Rngs(0)), 112, 1),
    "CurricularFace IR-101, 112²": (lambda: ArcFace(ArcFaceConfig.ir_101(), rngs=nnx.Rngs(0)), 112, 1),
    "FID-InceptionV3, 512² → 299²": (lambda: InceptionV3(rngs=nnx.Rngs(0)), 512, 1),
    "GOAE, 256²": (lambda: GOAEEncoder(GOAEConfig(), rngs=nnx.Rngs(0)), 256, 1),
}
"""Name → how it is made, sides of its images, and how many of them it takes."""


def measure(make: Make, side: int, arguments: int, batch: int, repeats: int) -> tuple[float, float]:
    """Seconds to compile, and images (or pairs) a second in the median."""
    graphdef, state = nnx.split(initialised(make))
    images = [jax.random.uniform(jax.random.key(k), (batch, side, side, 3)) for k in range(arguments)]

    def run(state: nnx.State, *images: jax.Array) -> Any:
        return nnx.merge(graphdef, state)(*images)  # type: ignore[operator]

    began = time.perf_counter()
    compiled = jax.jit(run).lower(state, *images).compile()
    compile_seconds = time.perf_counter() - began
    seconds = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        jax.block_until_ready(compiled(state, *images))
        seconds.append(time.perf_counter() - began)
    return compile_seconds, batch / statistics.median(seconds[1:])


def main() -> None:
    """Measure all and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/perception_speed.md"))
    arguments = parser.parse_args()
    lines = [
        "# Networks that measure and encode faces: speed",
        "",
        f"`python -m benchmarks.perception_speed --batch {arguments.batch} --repeats {arguments.repeats}` on "
        f"{jax.devices()[0].device_kind}, {processor()}; float32, forward, medians.",
        "",
        "| network | images (pairs) a second | compile s |",
        "| --- | --- | --- |",
    ]
    for name, (make, side, count) in tqdm(NETWORKS.items()):
        compile_seconds, rate = measure(make, side, count, arguments.batch, arguments.repeats)
        lines.append(f"| {name} | {rate:.2f} | {compile_seconds:.1f} |")
    with replacing(arguments.out) as temporary:
        temporary.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
