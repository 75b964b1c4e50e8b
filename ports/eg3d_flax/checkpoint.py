"""Read a generator's weights and config from a file."""

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
"""Name of these generators in the header of our safetensors files."""

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
    """Read a generator; the format is recognised by content, and no code of the file is run.

    Args:
      path: a network pickle of NVIDIA's code, of which `G_ema` is read; a PyTorch file with a state dict; or
        one of our safetensors files.
      config: for files without a config; a file's own config is always used.

    Returns:
      The state dict, with official names and in PyTorch's layout, and the config.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read; one line names the file and the cause.
    """
    file = torch_bridge.read_file(path)
    with torch_bridge.naming_file(path):
        return checkpoint_contents(file, config)


def checkpoint_contents(
    file: CheckpointFile, config: GeneratorConfig | None = None
) -> tuple[dict[str, np.ndarray], GeneratorConfig]:
    """Return state dict and config of a file that was read already, see `read_checkpoint`.

    Messages do not name the file.
    """
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
    # Rendering reads the attribute; scripts edit it after construction without updating the arguments.
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
    """Choose the released generator of a bare state dict by names and shapes.

    It warns, because shapes do not tell how to render: ray range, number of samples, resolution.

    Raises:
      CheckpointError: if no released generator has these names and shapes.
    """

    def in_common(config: GeneratorConfig) -> float:
        rows = account(state_dict, config)
        return sum(row.status not in ("missing", "unexpected", "wrong shape") for row in rows) / len(rows)

    shares = {name: in_common(make()) for name, make in _RELEASED.items()}
    name = max(shares, key=lambda name: shares[name])
    if shares[name] < _ENOUGH_IN_COMMON:
        raise CheckpointError(
            "a state dict without settings, and its shapes are not those of a released generator: "
            "convert the network pickle instead"
        )
    warnings.warn(f"the file has no rendering settings; using those of {name}", stacklevel=2)
    return _RELEASED[name]()
