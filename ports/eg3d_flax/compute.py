"""How a network is evaluated, as opposed to what it computes."""

import dataclasses
from typing import Literal, Self

import jax.numpy as jnp
from jax.typing import DTypeLike

ModulationForm = Literal["scaled", "grouped"]
DilationForm = Literal["dilated", "stuffed", "phases"]
FilterForm = Literal["shifted", "depthwise"]
LookupForm = Literal["corners", "packed"]


@dataclasses.dataclass(frozen=True)
class Compute:
    """Choices that change speed, memory and rounding, never the mathematics.

    Hashable, so that it can be a static argument of a compiled function. Which forms are fastest differs
    between CPU, GPU and TPU.

    Attributes:
      dtype: type of activations and of the weights they meet. Parameters, styles, the skip image, volume
        rendering weights and depths stay float32.
      modulation: modulated convolution by "scaled" activations around one shared kernel, or by one
        convolution "grouped" over samples with a kernel each.
      dilation: upsampling convolution through XLA's `lhs_dilation` ("dilated"), over an input "stuffed" with
        zeros, or as one product of samples and taps whose results are put in place in the output's
        "phases", so that no zero is ever multiplied.
      filtering: the resampling filter as sums of "shifted" images, or as a "depthwise" convolution.
      lookup: plane lookup by one gather for each of the four "corners" of a texel, or by one gather from
        planes in which the four corners are "packed" side by side (four times the memory of the planes).
      ray_chunk: rays of one image that are rendered at a time. Their intermediate values are computed
        again for the gradient, so memory does not grow with the number of rays. None renders all at once.
    """

    dtype: DTypeLike = jnp.float32
    modulation: ModulationForm = "scaled"
    dilation: DilationForm = "dilated"
    filtering: FilterForm = "shifted"
    lookup: LookupForm = "packed"
    ray_chunk: int | None = None

    @classmethod
    def for_platform(cls, platform: str) -> Self:
        """The forms that were fastest where they were timed.

        On "cpu" the gradient of the bundled model's synthesis network (eight samples, one core) takes 0.29 s
        with "phases", 0.41 s "stuffed", 0.73 s "dilated"; the lookup of six images' coarse points and its
        gradient take 0.09 s with "corners", 0.10 to 0.16 s "packed". For TPUs, the compiler expects
        "packed" to take 0.6 of the cycles of "corners" (`benchmarks/tpu_compile.md`).

        Args:
          platform: as `jax.default_backend()` names it; other platforms get the defaults.
        """
        return cls(dilation="phases", lookup="corners") if platform == "cpu" else cls()


DEFAULT = Compute()
