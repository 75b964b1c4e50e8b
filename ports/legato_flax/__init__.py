"""LEGATO's adapters for EG3D's generator in Flax; their numbers agree with the official code's.

config = legato_flax.AdaptersConfig.for_generator(generator.config)
adapters = legato_flax.Adapters(config, rngs=nnx.Rngs(0))
adapted = legato_flax.AdaptedGenerator(generator, adapters)     # takes the place of the generator
weaker = legato_flax.AdaptedGenerator(generator, adapters.with_strength(0.5))
"""

from legato_flax.adapter import Adapter, euler_steps
from legato_flax.adapters import Adapters
from legato_flax.config import AdaptersConfig
from legato_flax.files import ARCHITECTURE, config_to_json, load, read_state_dict, save
from legato_flax.generator import AdaptedGenerator
from legato_flax.official import check_official, complete_state_dict
from legato_flax.torch_names import account, from_torch, is_official, to_torch, without_adapters

__all__ = [
    "ARCHITECTURE",
    "AdaptedGenerator",
    "Adapter",
    "Adapters",
    "AdaptersConfig",
    "account",
    "check_official",
    "complete_state_dict",
    "config_to_json",
    "euler_steps",
    "from_torch",
    "is_official",
    "load",
    "read_state_dict",
    "save",
    "to_torch",
    "without_adapters",
]
