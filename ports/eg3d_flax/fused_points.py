"""Look points up and decode them in one kernel, instead of in one operation after the other.

The kernel is for TPUs (`fused_kernels`). XLA fetches a row of texels in 2 to 8 instruction bundles, adds one
to a plane in 9 or more after a sort, and writes all that lies between to the chip's memory. The kernel
fetches a row in 1.5 bundles, adds one in 3, and writes the decoder's output (`benchmarks/tpu_compile.md`).

`B` batch, `P` planes, `M` points, `C` channels, `O` outputs of the decoder.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from einops import rearrange, repeat
from jax import lax
from jax.ad_checkpoint import checkpoint_name
from jax.typing import DTypeLike

from eg3d_flax import fused_kernels as kernels
from eg3d_flax.decoder import FEATURES, Decoded, OSGDecoder, decoded
from eg3d_flax.fused_kernels import Layers, Tables
from eg3d_flax.planes import Places


def _layers(decoder: OSGDecoder, dtype: DTypeLike) -> Layers:
    (first, first_bias), (second, second_bias) = (decoder.net[name].scaled() for name in ("0", "2"))
    assert first_bias is not None
    assert second_bias is not None
    return Layers(
        jnp.tile(first.T / 3, (1, 4)).astype(dtype),
        first_bias[:, None],
        second.T.astype(dtype),
        second_bias[:, None],
    )


@jax.named_scope("decoder")
def decode_fused(values: jax.Array, places: Places, decoder: OSGDecoder, dtype: DTypeLike) -> Decoded:
    """Look points up in planes and decode them.

    Args:
      values: `[B, P, H', W', 4 C]` float32, of `planes.make_texels`.
      places: of the points, of `planes.places_of`.
      decoder: its layers.
      dtype: of the factors of products and of the colours; sums are float32.

    Returns:
      Results with the leading shape `[B, M]`.
    """
    layers = _layers(decoder, dtype)
    count = places.row.shape[-1]
    fill = -count % kernels.TILE

    def of_image(values: jax.Array, places: Places) -> jax.Array:
        tables = tuple(rearrange(values, "p h w c -> p (h w) 1 c"))
        row = jnp.pad(places.row, ((0, 0), (0, fill)))
        weights = jnp.pad(rearrange(places.weights, "p m corner -> p corner m"), ((0, 0), (0, 0), (0, fill)))
        return _output(tables, row, weights, layers)[:, :count]

    out = rearrange(jax.vmap(of_image)(values, places), "b o m -> b m o")
    found = decoded(out)
    return Decoded(found.rgb.astype(dtype), found.sigma)


def _on_tpu(run: Any, *args: Any) -> Any:
    """Run a kernel on a TPU and interpret it elsewhere, as the program's platform is, not this machine's."""
    return lax.platform_dependent(
        *args,
        tpu=lambda *args: run(*args, interpret=False),
        default=lambda *args: run(*args, interpret=True),
    )


def _in_tiles(row: jax.Array) -> jax.Array:
    return rearrange(row, "p (t b l) -> t p b l", b=kernels.TILE // kernels.LANES, l=kernels.LANES)


@jax.custom_vjp
def _output(tables: Tables, row: jax.Array, weights: jax.Array, layers: Layers) -> jax.Array:
    """Return `[O, M]` float32 for rows `[P, M]` of the tables and weights `[P, 4, M]`; TILE divides M."""
    return _output_forward(tables, row, weights, layers)[0]


def _output_forward(
    tables: Tables, row: jax.Array, weights: jax.Array, layers: Layers
) -> tuple[jax.Array, Any]:
    hidden, out = _on_tpu(kernels.decode, tables, _in_tiles(row), weights, layers)
    return out, (tables, row, weights, layers, checkpoint_name(hidden, FEATURES))


def _output_backward(saved: Any, g: jax.Array) -> tuple[Tables, None, jax.Array, Layers]:
    tables, row, weights, layers, hidden = saved
    gradient = functools.partial(kernels.decode_gradient, rows=tables[0].shape[0])
    g_tables = _on_tpu(gradient, _in_tiles(row), weights, g, hidden, layers)
    # Points and decoder are fixed when a backbone is trained. Then the compiler leaves this out.
    _, back = jax.vjp(lambda weights, layers: _in_operations(tables, row, weights, layers), weights, layers)
    g_weights, g_layers = back(g)
    return tuple(g_tables), None, g_weights, g_layers


_output.defvjp(_output_forward, _output_backward)


def _in_operations(tables: Tables, row: jax.Array, weights: jax.Array, layers: Layers) -> jax.Array:
    """Do the same as the kernel, in XLA's operations."""

    def of_plane(table: jax.Array, row: jax.Array, weights: jax.Array) -> jax.Array:
        texels = table[:, 0].at[row].get(mode="promise_in_bounds")
        return texels * repeat(weights, "corner m -> m (corner c)", c=texels.shape[-1] // 4)

    features = sum(map(of_plane, tables, row, weights), jnp.zeros(())).astype(layers.first.dtype)
    hidden = jax.nn.softplus(layers.first @ features.T + layers.first_bias.astype(features.dtype))
    return (layers.second @ hidden + layers.second_bias.astype(hidden.dtype)).astype(jnp.float32)
