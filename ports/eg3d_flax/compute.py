"""Choose how a network is evaluated, without changing what it computes."""

import dataclasses
from typing import Literal, Self

import jax.numpy as jnp
from jax.typing import DTypeLike

ModulationForm = Literal["scaled", "grouped"]
DilationForm = Literal["dilated", "stuffed", "phases", "subpixel", "mixed"]
FilterForm = Literal["shifted", "depthwise"]
LookupForm = Literal["corners", "packed"]
InverseForm = Literal["sorted", "scattered"]


@dataclasses.dataclass(frozen=True)
class Compute:
    """Choices that change speed, memory and rounding, never the mathematics.

    It is hashable, so it can be a static argument of a compiled function. The fastest forms differ between
    CPU, GPU and TPU.

    Attributes:
      dtype: type of activations and of the weights that multiply them. Parameters, styles, the skip image,
        and the weights and depths of volume rendering stay float32.
      modulation: form of the modulated convolution. "scaled" scales activations around one shared kernel;
        "grouped" uses a grouped convolution with a kernel per image.
      dilation: form of the upsampling convolution. "dilated" uses XLA's `lhs_dilation`; "stuffed" inserts
        zeros into the input; "phases" multiplies all pixels and taps at once and adds the products at their
        places, so that no zero is multiplied; "subpixel" computes all phases of the output as channels of one
        ordinary convolution of the small image, and then moves channels to pixels; "mixed" is "dilated" with
        the weights' gradient of "phases".
      filtering: form of the resampling filter. "shifted" adds shifted images; "depthwise" uses a depthwise
        convolution.
      lookup: form of the plane lookup. "corners" uses one gather for each of a point's four texels; "packed"
        uses one gather from planes with the four texels side by side, which need four times the memory.
      compared: up to this number of samples a ray, all samples are compared with all others instead of
        sorted by depth.
      inverse: how the order of sorted samples is inverted: by a second sort, or by a scatter.
      ray_chunk: rays of an image rendered at a time. The gradient computes their intermediate values again,
        so memory does not grow with the number of rays. None renders all rays at once.
    """

    dtype: DTypeLike = jnp.float32
    modulation: ModulationForm = "scaled"
    dilation: DilationForm = "dilated"
    filtering: FilterForm = "shifted"
    lookup: LookupForm = "packed"
    compared: int = 32
    inverse: InverseForm = "sorted"
    ray_chunk: int | None = None

    @classmethod
    def for_platform(cls, platform: str) -> Self:
        """Return the forms that were fastest in measurements on a platform.

        On "cpu" with one core, the gradient of the bundled model's synthesis network for eight latents takes
        0.29 s with "phases", 0.41 s with "stuffed", 0.73 s with "dilated". The lookup of six images' coarse
        points with its gradient takes 0.09 s with "corners", 0.10 to 0.16 s with "packed". For TPUs, the
        compiler estimates 0.6 times as many cycles for "packed" as for "corners"
        (`benchmarks/tpu_compile.md`).

        Args:
          platform: as returned by `jax.default_backend()`; platforms other than "cpu" get the defaults.
        """
        match platform:
            case "cpu":
                return cls(dilation="phases", lookup="corners")
            case "gpu":
                return cls(dilation="mixed", inverse="scattered")
        return cls()


DEFAULT = Compute()
