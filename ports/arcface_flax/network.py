"""IR and IR-SE face recognition networks (ArcFace, CVPR 2019; CurricularFace, CVPR 2020).

Shapes: `B` batch, `H` rows, `W` columns, `C` channels.
"""

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

from arcface_flax.config import REDUCTION, ArcFaceConfig
from torch_layers import BatchNorm, Conv2d, Linear, PReLU


class SqueezeExcite(nnx.Module):
    """Scale each channel by a function of all channels' means."""

    def __init__(self, channels: int, *, rngs: nnx.Rngs):
        self.fc1 = Conv2d(channels, channels // REDUCTION, 1, bias=False, rngs=rngs)
        self.fc2 = Conv2d(channels // REDUCTION, channels, 1, bias=False, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        mean = x.mean(axis=(1, 2), keepdims=True)
        return x * jax.nn.sigmoid(self.fc2(jax.nn.relu(self.fc1(mean))))


class ResidualUnit(nnx.Module):
    """Map `[B, H, W, in]` to `[B, H/stride, W/stride, out]`; the second convolution has the stride."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, *, squeeze_excite: bool, rngs: nnx.Rngs
    ):
        self.stride = stride
        self.shortcut_layer: nnx.Dict[Any] | None = (
            None
            if in_channels == out_channels
            else nnx.Dict(
                {
                    "0": Conv2d(in_channels, out_channels, 1, stride=stride, bias=False, rngs=rngs),
                    "1": BatchNorm(out_channels),
                }
            )
        )
        self.res_layer: nnx.Dict[Any] = nnx.Dict(
            {
                "0": BatchNorm(in_channels),
                "1": Conv2d(in_channels, out_channels, 3, padding=1, bias=False, rngs=rngs),
                "2": PReLU(out_channels),
                "3": Conv2d(out_channels, out_channels, 3, stride=stride, padding=1, bias=False, rngs=rngs),
                "4": BatchNorm(out_channels),
            }
        )
        if squeeze_excite:
            self.res_layer["5"] = SqueezeExcite(out_channels, rngs=rngs)

    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        residual = self.res_layer
        y = residual["1"](residual["0"](x, train=train))
        y = residual["4"](residual["3"](residual["2"](y)), train=train)
        if "5" in residual:
            y = residual["5"](y)
        return self._shortcut(x, train) + y

    def _shortcut(self, x: jax.Array, train: bool) -> jax.Array:
        if self.shortcut_layer is None:
            return x[:, :: self.stride, :: self.stride]
        return self.shortcut_layer["1"](self.shortcut_layer["0"](x), train=train)


class ArcFace(nnx.Module):
    """Map a face to a unit vector; dot products of these measure identity.

    Parameters are float32. The reference's dropout before the embedding is left out.
    """

    def __init__(self, config: ArcFaceConfig, *, rngs: nnx.Rngs):
        self.config = config
        stem, last = config.stem_channels, config.channels[-1]
        self.input_layer: nnx.Dict[Any] = nnx.Dict(
            {
                "0": Conv2d(3, stem, 3, padding=1, bias=False, rngs=rngs),
                "1": BatchNorm(stem),
                "2": PReLU(stem),
            }
        )
        self.body = nnx.List()
        in_channels = stem
        for units, channels in zip(config.units, config.channels, strict=True):
            for stride in (2, *(1,) * (units - 1)):
                self.body.append(
                    ResidualUnit(
                        in_channels, channels, stride, squeeze_excite=config.squeeze_excite, rngs=rngs
                    )
                )
                in_channels = channels
        self.output_layer: nnx.Dict[Any] = nnx.Dict(
            {
                "0": BatchNorm(last),
                "3": Linear(last * config.final_size**2, config.embedding_size, rngs=rngs),
                "4": BatchNorm(config.embedding_size, affine=config.affine_embedding),
            }
        )

    def __call__(self, faces: jax.Array, *, train: bool = False, dtype: DTypeLike = jnp.float32) -> jax.Array:
        """Embed aligned faces.

        Args:
          faces: `[B, S, S, 3]` in [-1, 1]; `S` is `config.input_size`.
          train: True normalises with the batch's statistics and updates the running statistics
            (`nnx.BatchStat`).
          dtype: of the convolutions.

        Returns:
          `[B, embedding_size]` float32 unit vectors.
        """
        embedding = self.head(self.trunk(faces, train=train, dtype=dtype), train=train)
        return embedding / jnp.linalg.norm(embedding, axis=-1, keepdims=True)

    def trunk(self, faces: jax.Array, *, train: bool = False, dtype: DTypeLike = jnp.float32) -> jax.Array:
        """Return the last feature map of faces, `[B, final_size, final_size, C]` of `dtype`."""
        stem = self.input_layer
        x = stem["2"](stem["1"](stem["0"](faces.astype(dtype)), train=train))
        for unit in self.body:
            x = unit(x, train=train)
        return x

    def head(self, features: jax.Array, *, train: bool = False) -> jax.Array:
        """Return the embedding before normalisation, `[B, embedding_size]`, at least float32."""
        layers = self.output_layer
        x = layers["0"](features, train=train)
        x = layers["3"](x.reshape(len(x), -1))
        return layers["4"](x.astype(jnp.promote_types(x.dtype, jnp.float32)), train=train)
