"""The settings in the folder of a run, as this version's methods understand them."""

from collections.abc import Mapping
from typing import Any

import ml_collections

from jaxunlearn.methods.config.declaration import ConfigDict, completed
from jaxunlearn.methods.registry import METHODS, method_of


def stored_config(values: Mapping[str, Any]) -> ConfigDict:
    """Return the settings of a folder; those that were declared later have their declared default.

    Args:
      values: nested, as a JSON file has them. Settings of a method that is not registered stay as they are;
        whoever needs the method refuses them.
    """
    config = ml_collections.ConfigDict(values)
    if str(config.get("method")) not in METHODS:
        return config
    return completed(config, method_of(config).declaration(config))
