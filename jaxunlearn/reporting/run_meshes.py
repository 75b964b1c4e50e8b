"""Extract a person's surface before and after a run."""

import jax.numpy as jnp
import trimesh

from eg3d_flax import Compute
from jaxunlearn.models.generator import Generator
from jaxunlearn.reporting.surface import extract_mesh
from jaxunlearn.training.result import Result


def run_meshes(
    source: Generator,
    result: Result,
    person: int,
    *,
    resolution: int,
    level: float,
    compute: Compute,
) -> dict[str, trimesh.Trimesh]:
    """Extract the surfaces "before" and "after" a run.

    Args:
      source: the generator before.
      result: of the run.
      person: number of the person in the run.
      resolution: lattice nodes along each side.
      level: density of the surface.
      compute: dtype and forms.

    Raises:
      InputError: if the density never crosses `level`.
    """
    ws = jnp.asarray(result.ws[person])[None]
    return {
        when: extract_mesh(generator, ws, resolution=resolution, level=level, compute=compute)
        for when, generator in (("before", source), ("after", result.generator_of(person)))
    }
