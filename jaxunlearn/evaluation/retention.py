"""What unlearning did to everybody else."""

import numpy as np

from eg3d_flax import TriPlaneGenerator
from inception_flax import frechet_distance_of_statistics
from jaxunlearn.evaluation.pixel_metrics import pixel_differences
from jaxunlearn.evaluation.reference import Reference, show_people
from jaxunlearn.images import to_uint8
from jaxunlearn.models.batched import perceptual_distances


def retained_figures(
    reference: Reference, unlearned: TriPlaneGenerator, *, progress: bool = True
) -> dict[str, float | None]:
    """Random people before and after, each from one view.

    Args:
      reference: the source.
      unlearned: the same generator after unlearning.
      progress: show a bar.

    Returns:
      `others_id`, `others_id_p5`: identity similarity of each person with themselves before: mean and 5th
      percentile, over those in whose pictures a face was found; `retained_without_face`: how many are left
      out. `fid_pre`: Fréchet distance of the samples after from those before; `delta_fid_real`: how
      much further from the real images they are, None without any. `retained_lpips`, `retained_psnr`,
      `retained_ssim`, `retained_ssim_uniform`, `retained_mse`: means over the retained people, see
      `pixel_differences`.
    """
    before = reference.people
    after = show_people(
        reference.renderer.with_generator(unlearned),
        reference.ws,
        reference.c,
        reference.identification,
        reference.features,
        reference.settings,
        title="people after",
        progress=progress,
    )
    similarity = np.sum(before.embeddings * after.embeddings, axis=-1)
    seen = similarity[~np.isnan(similarity)]
    perceptual = perceptual_distances(
        reference.perceptual, before.images, after.images, reference.settings.batch
    )
    pixels = pixel_differences(to_uint8(before.images), to_uint8(after.images))
    delta_real = None
    if reference.real is not None:
        distance = frechet_distance_of_statistics(after.statistics, reference.real.statistics)
        delta_real = distance - reference.real.distance
    return {
        "others_id": float(seen.mean()) if len(seen) else None,
        "others_id_p5": float(np.percentile(seen, 5)) if len(seen) else None,
        "retained_without_face": len(similarity) - len(seen),
        "fid_pre": frechet_distance_of_statistics(before.statistics, after.statistics),
        "delta_fid_real": delta_real,
        "retained_lpips": float(perceptual.mean()),
        **{f"retained_{name}": float(values.mean()) for name, values in pixels.items()},
    }
