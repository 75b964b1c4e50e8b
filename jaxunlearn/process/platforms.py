"""The platform that JAX is told to use."""

import os
import sys

from jaxunlearn.errors import first_line

VARIABLE = "JAX_PLATFORMS"
_REFUSAL = "Unable to initialize backend"
"""How JAX's message begins where a platform is unknown or does not start."""


def unusable_platform(error: Exception) -> str | None:
    """Say in one line that JAX cannot use the platform of the environment, if that is why something failed.

    It is asked only after a failure, since asking starts the platform, which must not happen too early.

    Returns:
      None if no platform is named, or another one started.
    """
    named = os.environ.get(VARIABLE)
    if not named or "jax" not in sys.modules:
        return None
    if not str(error).startswith(_REFUSAL):
        import jax

        try:
            jax.devices()
        except (RuntimeError, AssertionError) as refusal:  # JAX asserts that some platform was started
            error = refusal
        else:
            return None
    why = f" ({first_line(error).partition(' (set ')[0]})" if str(error) else ""
    return f"{VARIABLE}={named}: JAX cannot use this platform here{why}; unset it, or set it to cpu"
