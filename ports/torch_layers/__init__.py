"""PyTorch's common layers in Flax NNX, with the same parameter names and arithmetic; channels last."""

from torch_layers.flattening import flatten_rows, unflatten_rows
from torch_layers.layers import BatchNorm, Conv2d, LayerNorm, Linear, PReLU
from torch_layers.pooling import adaptive_average_matrix, average_pool, max_pool

__all__ = [
    "BatchNorm",
    "Conv2d",
    "LayerNorm",
    "Linear",
    "PReLU",
    "adaptive_average_matrix",
    "average_pool",
    "flatten_rows",
    "max_pool",
    "unflatten_rows",
]
