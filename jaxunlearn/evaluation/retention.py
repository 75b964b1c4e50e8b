"""Measure what unlearning did to people who should stay the same."""

import numpy as np

from inception_flax import frechet_distance_of_statistics
from jaxunlearn.evaluation.pixel_metrics import pixel_differences
from jaxunlearn.evaluation.reference import Reference, render_people
from jaxunlearn.images import to_uint8
from jaxunlearn.models.batched import perceptual_distances
from jaxunlearn.models.generator import Generator


def retained_figures(
    reference: Reference, unlearned: Generator, *, progress: bool = True
) -> dict[str, float | None]:
    """Compare random people before and after, each from one view.

    Args:
      reference: the measured source.
      unlearned: the same generator after unlearning.
      progress: True shows a progress bar.

    Returns:
      `others_id`, `others_id_p5`: identity similarity before and after, mean and 5th percentile over the
      people with a face in both pictures. `retained_without_face`: number of people left out of these.
      `fid_pre`: Fréchet distance between the samples before and after. `delta_fid_real`: growth of the
      Fréchet distance to the real images; None without real images. `retained_lpips`, `retained_psnr`,
      `retained_ssim`, `retained_ssim_uniform`, `retained_mse`: means over the retained people, see
      `pixel_differences`.
    """
    before = reference.people
    after = render_people(
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
    with_faces = similarity[~np.isnan(similarity)]
    perceptual = perceptual_distances(
        reference.perceptual, before.images, after.images, reference.settings.batch
    )
    pixels = pixel_differences(to_uint8(before.images), to_uint8(after.images))
    delta_real = None
    if reference.real is not None:
        distance = frechet_distance_of_statistics(after.statistics, reference.real.statistics)
        delta_real = distance - reference.real.distance
    return {
        "others_id": float(with_faces.mean()) if len(with_faces) else None,
        "others_id_p5": float(np.percentile(with_faces, 5)) if len(with_faces) else None,
        "retained_without_face": len(similarity) - len(with_faces),
        "fid_pre": frechet_distance_of_statistics(before.statistics, after.statistics),
        "delta_fid_real": delta_real,
        "retained_lpips": float(perceptual.mean()),
        **{f"retained_{name}": float(values.mean()) for name, values in pixels.items()},
    }
