"""Values that presets of several methods have in common. Each function changes the config that it gets."""

import numpy as np

from jaxunlearn.methods.config.declaration import ConfigDict


def like_official(config: ConfigDict, view: str) -> None:
    """Draw, render and measure as the official programs of all methods do.

    They add up what the papers average. Every call draws fresh noise, so that the compared planes are not the
    rendered ones. Cameras look at the origin, because the code reads the pivot under a name that released
    files do not have.

    Args:
      config: a preset after a paper.
      view: what gets its own random view; in the programs for one person a "step", for many an "epoch".
    """
    config.pairs.reduction = "sum"
    config.pairs.view = view
    config.pairs.pivot = "origin"
    config.evaluation.pivot = "origin"
    config.evaluation.fid_pixels = "uint8"
    config.rendering.noise_mode = "random"
    config.rendering.draws = "independent"


def like_official_of_many(config: ConfigDict) -> None:
    """Draw, render and measure as SUGAR's official scripts do, which forget many people in one generator.

    Everybody's first adjacent latent has the same distance, shortened by a norm over the batch. An epoch has
    one view, and adjacent latents are mapped for it. See `like_official`, too.
    """
    like_official(config, view="epoch")
    config.pairs.norm_over = "batch"
    config.pairs.alpha = "batch"
    config.pairs.conditioning = "view"


def like_heads(config: ConfigDict) -> None:
    """Set what suits the bundled model of 128² images: lengths relative to the model, and shorter steps.

    A step renders half as many rays along a side as the model does, which takes a third of the time. Planes
    of two of its people have a mean squared difference of tens: with the papers' weight, their term would
    outweigh the others. The learning rate falls to 0, so that the last few pairs leave no noise. Adjacent
    pairs up to half the distance to the mean forget more than pairs up to the whole distance, and lose about
    as many others.
    """
    config.unit = "median_radius"
    config.pairs.alpha_max = 0.5
    config.terms.planes = 0.003
    config.optimiser.schedule = "cosine"
    config.rendering.rays = 32
    config.rendering.ray_chunk = 0
    config.log_every = 5
    config.checkpoint_every = 40
    config.evaluation.retained_people = 48
    config.evaluation.frechet_samples = 96
    config.evaluation.batch = 8


def like_heads_of_one(config: ConfigDict) -> None:
    """Set what suits the bundled model where each person is forgotten alone.

    The values were chosen with GUIDE on people of the seeds 200, 203 and 204
    (`benchmarks/guide_heads_settings.md`). A greater weight of global pairs keeps more of the other people,
    and more of the person. With 80 steps, which `jaxunlearn demo` takes, more is left of the person, and more
    others are lost (`benchmarks/guide_heads_settings.md` with 80 steps, and
    `benchmarks/one_person_settings.md` with 300, more views and other thresholds).
    """
    like_heads(config)
    config.steps = 300
    config.target.distance = 1.0
    config.pairs.num_global = 3
    config.pairs.lambda_adjacent = 4.0
    config.pairs.lambda_global = 30.0
    config.optimiser.learning_rate = 3.5e-3
    config.images_every = 20
    config.evaluation.album = 4


def like_heads_of_many(config: ConfigDict, people: int) -> None:
    """Set what suits the bundled model where many people share a generator."""
    like_heads(config)
    config.steps = heads_steps_of(people)
    config.pairs.num_adjacent = 1
    config.optimiser.learning_rate = 2.5e-3  # not chosen anew for the present model
    config.images_every = 0


def batch_of(people: int) -> int:
    """Return the size of a minibatch in the official scripts: 1 for one person, 2 up to five, 4 beyond."""
    return 1 if people == 1 else 2 if people <= 5 else 4


def steps_of(people: int, batch: int, epochs: int) -> int:
    """Return the number of steps in a number of epochs."""
    return epochs * -(-people // min(batch, people))


def heads_steps_of(people: int) -> int:
    """Return the number of steps in which the bundled model forgets a number of people.

    Up to twenty people, everybody is in a minibatch about 120 times; fewer left one of fifteen unchanged. Of
    two hundred people, somebody was not yet their surrogate after 1,000 steps, nor after 1,500. More people
    take their turns as often as two hundred do; nobody has tried so many.
    """
    if people > 200:
        return 10 * people
    return int(np.interp(people, (1, 5, 10, 20, 120, 200), (120, 300, 300, 600, 1000, 2000)))
