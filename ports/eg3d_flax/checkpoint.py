"""Read a generator's weights and settings from any file that holds them."""

import warnings
from collections.abc import Mapping
from os import PathLike

import numpy as np

import torch_bridge
from eg3d_flax.config import GeneratorConfig
from eg3d_flax.torch_names import LAYOUT, account
from torch_bridge import CheckpointError, CheckpointFile, PersistentNetwork
from torch_bridge.limits import config_of_header

ARCHITECTURE = "eg3d"
"""What the header of our safetensors files calls these generators."""

_POSITIONAL = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
_RELEASED = {
    "ffhq512-128": GeneratorConfig.ffhq512_128,
    "shapenetcars128-64": GeneratorConfig.shapenetcars128_64,
    "the bundled heads": GeneratorConfig.heads,
}
_ENOUGH_IN_COMMON = 0.9


def read_checkpoint(
    path: str | PathLike[str], config: GeneratorConfig | None = None
) -> tuple[dict[str, np.ndarray], GeneratorConfig]:
    """Read a generator; the format is recognised by content, and no code from the file is run.

    Args:
      path: a network pickle of NVIDIA's code base (its `G_ema` is taken), a PyTorch file with a state dict,
        or one of our safetensors files.
      config: the settings, for files that carry none; a file's own settings are not overridden.

    Returns:
      The state dict (official names, PyTorch's layout) and the config.

    Raises:
      torch_bridge.CheckpointError: in one line that names the file and the cause.
    """
    file = torch_bridge.read_file(path)
    with torch_bridge.naming_file(path):
        return checkpoint_contents(file, config)


def checkpoint_contents(
    file: CheckpointFile, config: GeneratorConfig | None = None
) -> tuple[dict[str, np.ndarray], GeneratorConfig]:
    """As `read_checkpoint`, of a file that was read already; messages do not name the file."""
    network = torch_bridge.persistent_network(file.tree)
    if network is not None:
        return network.state_dict, _official_config(network)
    state_dict = torch_bridge.find_state_dict(file.tree)
    if "config" in file.metadata:
        config = _header_config(file.metadata)
        in_torch_layout = file.metadata.get("layout") == "torch"
        return state_dict if in_torch_layout else torch_bridge.to_torch(state_dict, LAYOUT), config
    return state_dict, config or infer_config(state_dict)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _official_config(network: PersistentNetwork) -> GeneratorConfig:
    kwargs = dict(zip(_POSITIONAL, network.init_args, strict=False)) | network.init_kwargs
    # The attribute is what rendering reads; scripts edit it after construction, the arguments stay behind.
    if isinstance(network.attributes.get("rendering_kwargs"), dict):
        kwargs["rendering_kwargs"] = network.attributes["rendering_kwargs"]
    try:
        return GeneratorConfig.from_official(kwargs, network.attributes.get("neural_rendering_resolution"))
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"the settings of its {network.class_name} cannot be used ({_one_line(error)})"
        ) from error


def _header_config(metadata: Mapping[str, str]) -> GeneratorConfig:
    architecture = metadata.get("architecture", ARCHITECTURE)
    if architecture != ARCHITECTURE:
        raise CheckpointError(f"its header says {architecture}, not {ARCHITECTURE}")
    return config_of_header(metadata, GeneratorConfig.from_json)


def infer_config(state_dict: Mapping[str, np.ndarray]) -> GeneratorConfig:
    """The released generator that a bare state dict belongs to, judged by names and shapes.

    Shapes do not show how a generator is rendered (ray range, samples, resolution), so this warns.

    Raises:
      CheckpointError: if no released generator has these names and shapes.
    """

    def in_common(config: GeneratorConfig) -> float:
        rows = account(state_dict, config)
        return sum(row.status in ("used", "ignored", "not finite") for row in rows) / len(rows)

    shares = {name: in_common(make()) for name, make in _RELEASED.items()}
    name = max(shares, key=lambda name: shares[name])
    if shares[name] < _ENOUGH_IN_COMMON:
        raise CheckpointError(
            "a state dict without settings, and its shapes are not those of a released generator: "
            "pass its config, or convert from the network pickle instead"
        )
    warnings.warn(f"the file carries no rendering settings; taking those of {name}", stacklevel=2)
    return _RELEASED[name]()
