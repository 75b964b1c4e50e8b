"""Numbers that several rooms must agree on, read without JAX."""

LARGEST_SEED = 2**32 - 1
"""Largest seed of random numbers and of people: JAX would take a larger one for a smaller."""

LARGEST_STRENGTH = 1.5
"""Largest factor of adapters' end time with which a generator is rendered, shown and measured."""

MOST_CHOICES = 9
"""Largest number of pictures to choose from in a study: each has a key of the keyboard."""

RAY_CHUNK = 4096
"""Rays of an image that are trained or rendered at a time where nobody chose a number."""

MAX_YAW = 15.0
"""Greatest yaw to either side in degrees, where nobody chose another, of views that train and measure."""

PITCH = -0.2
"""Their pitch in radians of the official sampler."""
