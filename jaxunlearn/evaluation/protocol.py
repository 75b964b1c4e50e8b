"""All figures of one run, with what they were measured with."""

import dataclasses
from typing import Any

import jax

from eg3d_flax import TriPlaneGenerator
from jaxunlearn.evaluation.forgotten import forgotten_figures
from jaxunlearn.evaluation.reference import Reference
from jaxunlearn.evaluation.retained import retained_figures


def evaluate_generator(
    reference: Reference,
    unlearned: TriPlaneGenerator,
    ws: jax.Array,
    ws_target: jax.Array | None = None,
    other_ws: jax.Array | None = None,
    *,
    progress: bool = True,
) -> dict[str, Any]:
    """Evaluate what a run made of the source.

    Args:
      reference: the source, see `measure_source`.
      unlearned: the same generator after unlearning.
      ws: `[L, D]`, the forgotten person.
      ws_target: `[L, D]`, what they were to become.
      other_ws: `[M, L, D]`, latents of other pictures of the person.
      progress: show bars.

    Returns:
      The figures of `forgotten_figures` and `retained_figures` under the papers' names, `align` (what the
      identity network was shown), `networks`, `counts` and `settings`; ready for JSON.
    """
    settings, detector = reference.settings, reference.identification.detector
    return {
        **forgotten_figures(reference, unlearned, ws, ws_target, other_ws),
        **retained_figures(reference, unlearned, progress=progress),
        "align": reference.identification.align,
        "networks": {
            "identity": reference.judge.name,
            "perceptual": f"lpips-{reference.perceptual.net}",
            "frechet": reference.features.name,
            **({} if detector is None else {"detector": detector.origin}),
        },
        "counts": {
            "views": settings.views,
            "other_latents": 0 if other_ws is None else len(other_ws),
            "retained_people": settings.retained_people,
            "frechet_samples": settings.frechet_samples,
            "real_images": 0 if reference.real is None else reference.real.number,
        },
        "settings": dataclasses.asdict(settings),
    }
