"""A person's surface before and after a run."""

import jax.numpy as jnp
import trimesh

from eg3d_flax import Compute, TriPlaneGenerator
from jaxunlearn.reporting.surface import extract_mesh
from jaxunlearn.training.result import Result


def run_meshes(
    source: TriPlaneGenerator,
    result: Result,
    person: int,
    *,
    resolution: int,
    level: float,
    compute: Compute,
) -> dict[str, trimesh.Trimesh]:
    """The surface "before" and "after", by generator.

    Args:
      source: the generator before.
      result: what a run made of it.
      person: whose surface.
      resolution: of the lattice.
      level: density at which the surface lies.
      compute: dtype and forms.

    Raises:
      InputError: if the density crosses `level` nowhere.
    """
    ws = jnp.asarray(result.ws[person])[None]
    return {
        when: extract_mesh(generator, ws, resolution=resolution, level=level, compute=compute)
        for when, generator in (("before", source), ("after", result.generator_of(person)))
    }
