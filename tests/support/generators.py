"""Small generators and the files that official code would have written for them."""

from typing import Any

import numpy as np

import eg3d_flax
from tests.support import golden, torch_pickles

SMALL = eg3d_flax.GeneratorConfig.small()
_SUPERRESOLUTION = "training.superresolution.SuperresolutionHybrid"
_RENDERING = frozenset(
    {
        *(
            "superresolution_module",
            "superresolution_noise_mode",
            "sr_antialias",
            "c_scale",
            "decoder_lr_mul",
        ),
        *(
            "depth_resolution",
            "depth_resolution_importance",
            "ray_start",
            "ray_end",
            "box_warp",
            "white_back",
        ),
        *("disparity_space_sampling", "c_gen_conditioning_zero", "avg_camera_radius", "avg_camera_pivot"),
    }
)


def official_kwargs(config: eg3d_flax.GeneratorConfig) -> dict[str, Any]:
    """What the official constructor would have been called with, and recorded."""
    kwargs = config.to_json()
    del kwargs["neural_rendering_resolution"]  # an attribute that is set afterwards
    rendering = {name: kwargs.pop(name) for name in sorted(_RENDERING)}
    rendering["superresolution_module"] = f"{_SUPERRESOLUTION}{config.superresolution_module}"
    mapping = {"num_layers": kwargs.pop("num_layers")}
    return {**kwargs, "mapping_kwargs": mapping, "rendering_kwargs": rendering, "img_channels": 3}


def small_state_dict() -> dict[str, np.ndarray]:
    """The complete official state dict of a small generator with random weights."""
    shapes = {row.name: row.target_shape for row in eg3d_flax.account({}, SMALL)}
    drawn = {
        name: golden.draw_normal(name, shape, seed=3) for name, shape in shapes.items() if shape is not None
    }
    return eg3d_flax.to_torch(eg3d_flax.from_torch(drawn, SMALL))


def small_pickle(state_dict: dict[str, np.ndarray], **options: Any) -> bytes:
    """A GUIDE-like network pickle of a small generator."""
    kwargs = official_kwargs(SMALL)
    attributes = {
        "rendering_kwargs": kwargs["rendering_kwargs"],
        "neural_rendering_resolution": SMALL.neural_rendering_resolution,
    }
    return torch_pickles.generator_bytes(state_dict, kwargs, **(attributes | options))
