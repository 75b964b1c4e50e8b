"""Run an ArcFace network layer by layer, so that a failing layer can be named."""

import jax

import arcface_flax

# The unit is an argument: units of the same size share one compilation.
_apply_unit = jax.jit(lambda unit, x: unit(x))
_apply_stem = jax.jit(lambda stem, x: stem["2"](stem["1"](stem["0"](x))))


def layer_outputs(module: arcface_flax.ArcFace, faces: jax.Array) -> dict[str, jax.Array]:
    """Return the outputs of the stem and of every unit, in order: `input_layer`, `body0`, `body1`, ..."""
    x = _apply_stem(module.input_layer, faces)
    outputs = {"input_layer": x}
    for index, unit in enumerate(module.body):
        x = _apply_unit(unit, x)
        outputs[f"body{index}"] = x
    return outputs
