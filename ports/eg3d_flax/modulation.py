"""The modulated convolution of StyleGAN2."""

import jax
import jax.numpy as jnp
from einops import rearrange
from jax import lax

from eg3d_flax.compute import DEFAULT, Compute
from eg3d_flax.resample import Filter, Padding, conv2d_resample


def demodulation(weight: jax.Array, styles: jax.Array) -> jax.Array:
    """Return the factors that scale the modulated kernel of every output channel back to unit norm.

    Args:
      weight: `[kh, kw, I, O]`.
      styles: `[B, I]`.

    Returns:
      `[B, O]` float32: `rsqrt(Σ (weight · styles)² + 1e-8)`.
    """
    energy = jnp.sum(jnp.square(weight.astype(jnp.float32)), axis=(0, 1))
    return lax.rsqrt(jnp.square(styles.astype(jnp.float32)) @ energy + 1e-8)


def modulated_conv2d(
    x: jax.Array,
    weight: jax.Array,
    styles: jax.Array,
    *,
    noise: jax.Array | None = None,
    up: int = 1,
    down: int = 1,
    padding: Padding = 0,
    resample_filter: Filter | None = None,
    demodulate: bool = True,
    flip_weight: bool = True,
    compute: Compute = DEFAULT,
) -> jax.Array:
    """Convolve each image with the kernel scaled by its own styles.

    Args:
      x: `[B, H, W, I]`.
      weight: `[kh, kw, I, O]`, the same for all images.
      styles: `[B, I]`, one factor for each input channel.
      noise: added last; can be broadcast to the output.
      up: factor by which the image grows.
      down: factor by which the image shrinks.
      padding: in pixels of the upsampled image.
      resample_filter: low-pass filter for `up` and `down`.
      demodulate: normalise the scaled kernel over its inputs, see `demodulation`.
      flip_weight: False rotates the kernel by 180°, as StyleGAN2's upsampling layers need.
      compute: `compute.modulation` chooses between two equal forms.

    Returns:
      `[B, H * up / down, W * up / down, O]` in `compute.dtype`.
    """
    options = {
        "f": resample_filter,
        "up": up,
        "down": down,
        "padding": padding,
        "flip_weight": flip_weight,
        "compute": compute,
    }
    x = x.astype(compute.dtype)
    factors = demodulation(weight, styles) if demodulate else None
    if compute.modulation == "scaled":
        x = x * styles[:, None, None, :].astype(compute.dtype)
        x = conv2d_resample(x, weight.astype(compute.dtype), **options)
        if factors is not None:
            x = x * factors[:, None, None, :].astype(compute.dtype)
    else:
        batch = x.shape[0]
        kernels = weight * styles[:, None, None, :, None]
        if factors is not None:
            kernels = kernels * factors[:, None, None, None, :]
        kernels = rearrange(kernels.astype(compute.dtype), "b kh kw i o -> kh kw i (b o)")
        x = rearrange(x, "b h w i -> 1 h w (b i)")
        x = conv2d_resample(x, kernels, groups=batch, **options)
        x = rearrange(x, "1 h w (b o) -> b h w o", b=batch)
    return x if noise is None else x + noise.astype(x.dtype)
