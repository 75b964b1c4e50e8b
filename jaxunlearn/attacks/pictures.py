"""Pictures of an attack, for people to look at."""

import numpy as np

from jaxunlearn.evaluation.embedded_views import EmbeddedViews


def labelled_pictures(label: str, seen: EmbeddedViews) -> dict[str, np.ndarray]:
    """Return the first person's picture from the middle view, and from the last one if there are several.

    Args:
      label: what is shown.
      seen: `N` latents from `V` views.

    Returns:
      Label → `[R, R, 3]` in [-1, 1].
    """
    images = seen.images[0]
    pictures = {label: images[len(images) // 2]}
    if len(images) > 1:
        pictures[f"{label}, from the side"] = images[-1]
    return pictures
