"""Choose how a network is evaluated, without changing what it computes."""

import dataclasses
import numbers
from typing import Literal, Self, get_args

import jax.numpy as jnp
from jax.typing import DTypeLike

ModulationForm = Literal["scaled", "grouped"]
DilationForm = Literal["dilated", "stuffed", "phases", "mixed"]
FilterForm = Literal["shifted", "mirrored", "depthwise"]
LookupForm = Literal["corners", "packed", "lanes"]

_FORMS = {
    "modulation": get_args(ModulationForm),
    "dilation": get_args(DilationForm),
    "filtering": get_args(FilterForm),
    "lookup": get_args(LookupForm),
}
_LEAST = {"compared": 0, "ray_chunk": 1, "picture_chunk": 1, "batch_multiple": 1}


@dataclasses.dataclass(frozen=True)
class Compute:
    """Choices that change speed, memory and rounding, never the mathematics.

    It is hashable, so it can be a static argument of a compiled function. The fastest forms differ between
    CPU, GPU and TPU. An unknown form, a dtype that is not floating or a number out of range raises
    `ValueError`.

    Attributes:
      dtype: type of activations and of the weights that multiply them. Parameters, styles, the skip image,
        and the weights and depths of volume rendering stay float32.
      modulation: form of the modulated convolution. "scaled" scales activations around one shared kernel;
        "grouped" uses a grouped convolution with a kernel per image.
      dilation: form of the upsampling convolution. "dilated" uses XLA's `lhs_dilation`; "stuffed" inserts
        zeros into the input; "phases" multiplies all pixels and taps at once and adds the products at their
        places, so that no zero is multiplied; "mixed" is "dilated" with the weights' gradient of "phases".
      filtering: form of the resampling filter. "shifted" adds shifted images; "mirrored" is "shifted" whose
        gradient is a mirrored filter of the same form, instead of one image for each shift; "depthwise" uses
        a depthwise convolution.
      lookup: form of the plane lookup. "corners" uses one gather for each of a point's four texels; "packed"
        uses one gather from planes with the four texels side by side, which need four times the memory;
        "lanes" is "packed", but the four weighted texels stay side by side, and the decoder's first layer
        adds them up in its product.
      compared: up to this number of samples a ray, numbers are found by comparing all with all, instead of
        by sorting and gathering.
      ray_chunk: rays rendered at a time, of one image. The gradient computes their intermediate values
        again, so memory does not grow with the number of rays. None renders all rays of all images at once.
      picture_chunk: the same for pictures without a gradient, see `for_pictures`; None takes `ray_chunk`.
      keep_features: True keeps the planes' features of all samples for the gradient of chunks, so that they
        are not looked up again. This takes 2 C bytes a sample in bfloat16, 8 C with "lanes".
      fused: True looks points up and decodes them in one kernel for TPUs, see `fused_points`. It replaces
        `lookup`. One image's planes must lie in a core's memory: 68 MB in float32 for EG3D's merged planes.
        The kernel was compiled for TPUs, but has never run on one. Other platforms interpret it, slowly.
      batch_multiple: the synthesis blocks get batches of a multiple of this number, see `batch_padding`.
    """

    dtype: DTypeLike = jnp.float32
    modulation: ModulationForm = "scaled"
    dilation: DilationForm = "dilated"
    filtering: FilterForm = "shifted"
    lookup: LookupForm = "packed"
    compared: int = 32
    ray_chunk: int | None = None
    picture_chunk: int | None = None
    keep_features: bool = False
    fused: bool = False
    batch_multiple: int = 1

    def __post_init__(self) -> None:
        for name, forms in _FORMS.items():
            if (form := getattr(self, name)) not in forms:
                raise ValueError(f"{name} must be one of {', '.join(forms)}, not {form!r}")
        if not jnp.issubdtype(self.dtype, jnp.floating):
            raise ValueError(f"dtype must be floating, such as float32 or bfloat16, not {self.dtype}")
        for name, least in _LEAST.items():
            number = getattr(self, name)
            if number is None and getattr(Compute, name) is None:
                continue
            if not isinstance(number, numbers.Integral) or number < least:
                raise ValueError(f"{name} must be a whole number of at least {least}, not {number}")

    @classmethod
    def for_platform(cls, platform: str) -> Self:
        """Return the forms that were fastest in measurements on a platform.

        On "cpu" with one core, the gradient of the bundled model's synthesis network for eight latents takes
        0.29 s with "phases", 0.41 s with "stuffed", 0.73 s with "dilated". The lookup of six images' coarse
        points with its gradient takes 0.09 s with "corners", 0.10 to 0.16 s with "packed". The gradient of a
        filter of four images with 48 channels at 64² takes 15 ms of processor time with "mirrored", 54 ms
        with "shifted". A picture of the bundled model takes 0.15 s with 512 rays at a time, 0.22 s with all
        (with two cores 0.098 s and 0.108 s). For TPUs, the compiler estimates 0.6 times as many cycles for
        "packed" as for "corners" (`benchmarks/tpu_compile.md`), and fewer for eight images than for five in
        large convolutions and for "mirrored" than for "shifted" filters
        (`benchmarks/tpu_convolutions.md`). On an H100, an upsampling
        layer of the backbone with its gradients takes 0.57 ms with "mixed", 2.57 ms with "dilated"; the rays
        of five images with "corners" 13.8 ms, with "packed" 14.9 ms (`benchmarks/gpu/h100.md`).

        Args:
          platform: as returned by `jax.default_backend()`; others than "cpu", "gpu" and "tpu" get the
            defaults.
        """
        match platform:
            case "cpu":
                return cls(dilation="phases", filtering="mirrored", lookup="corners", picture_chunk=512)
            case "gpu":
                return cls(dilation="mixed", lookup="corners")
            case "tpu":
                return cls(filtering="mirrored", lookup="lanes", compared=128, batch_multiple=8)
        return cls()

    def for_pictures(self) -> Self:
        """Return the same with rays in chunks as suits pictures without a gradient."""
        chunks = [chunk for chunk in (self.ray_chunk, self.picture_chunk) if chunk is not None]
        return dataclasses.replace(self, ray_chunk=min(chunks, default=None))


DEFAULT = Compute()
