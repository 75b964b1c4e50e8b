"""The platform that the environment names for JAX."""

import os
import sys

from jaxunlearn.errors import first_line

VARIABLE = "JAX_PLATFORMS"
_REFUSAL = "Unable to initialize backend"
"""Beginning of JAX's message about a platform that is unknown or does not start."""


def unusable_platform(error: Exception) -> str | None:
    """Return a line that says that JAX cannot use the platform of the environment, if this caused an error.

    Call it only after a failure, since it starts the platform, which must not happen too early.

    Returns:
      None if the environment names no platform, or a platform started.
    """
    named = os.environ.get(VARIABLE)
    if not named or "jax" not in sys.modules:
        return None
    if not str(error).startswith(_REFUSAL):
        import jax

        try:
            jax.devices()
        except (RuntimeError, AssertionError) as refusal:  # JAX asserts that a platform was started
            error = refusal
        else:
            return None
    why = f" ({first_line(error).partition(' (set ')[0]})" if str(error) else ""
    return f"{VARIABLE}={named}: JAX cannot use this platform here{why}; unset it, or set it to cpu"
