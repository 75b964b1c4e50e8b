"""Open a network's file; `convert` and all options for files of networks use this module."""

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path

from flax import nnx

import torch_bridge
from jaxunlearn.errors import InputError
from jaxunlearn.models.files import foreign_files
from jaxunlearn.models.files.architectures import KINDS, Kind, Network
from jaxunlearn.models.files.pretrained import locate_file
from torch_bridge import CheckpointError, CheckpointFile


@dataclasses.dataclass(frozen=True)
class OpenedNetwork:
    """A file that was read, with its kind of network.

    Attributes:
      path: of the file.
      kind: kind of network.
      network: the arrays as a network of this kind.
      metadata: header of a file of ours; empty for other files.
    """

    path: Path
    kind: Kind
    network: Network
    metadata: Mapping[str, str]

    def build(self) -> nnx.Module:
        """Build the network with the file's weights.

        Raises:
          InputError: if the weights do not fit.
        """
        try:
            return self.network.build()
        except torch_bridge.StateDictError as error:
            first, *others = str(error).splitlines()
            raise InputError(self.misfit(first, len(others))) from error

    def misfit(self, first: str, others: int) -> str:
        """Return a message of one line: why the weights do not fit.

        Args:
          first: the first problem.
          others: number of further problems.
        """
        more = f" (and {others} more problems; convert --check lists them)" if others else ""
        return f"{self.path}: does not fit {self.kind.name}: {first}{more}"


def open_network(name: str | Path, kind: str = "auto") -> OpenedNetwork:
    """Read the file of a network.

    Args:
      name: a network pickle, a PyTorch file or safetensors; none of its code is run. A name without a folder
        that does not exist here is searched where `jaxunlearn models` searches.
      kind: name of an entry of `KINDS`, or "auto" to recognise the kind by the names of the arrays.

    Raises:
      InputError: if the file cannot be read, or is of another kind.
    """
    wanted = None if kind == "auto" else kind_named(kind)
    path = locate_file(name)
    try:
        file = _read(path)
        with torch_bridge.naming_file(path):
            recognised = _kind_of(file, wanted)
            return OpenedNetwork(path, recognised, recognised.read(file), file.metadata)
    except CheckpointError as error:
        raise InputError(str(error)) from error


def kind_of_file(path: Path) -> Kind:
    """Return the kind of network in a file, without checking that its weights fit.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read, or is not a network that can be converted.
    """
    file = _read(path)
    with torch_bridge.naming_file(path):
        return _kind_of(file, None)


def kind_named(name: str) -> Kind:
    """Return the kind with this name.

    Raises:
      InputError: if no kind has this name.
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise InputError(f"unknown kind {name}; choose auto or one of {', '.join(kind.name for kind in KINDS)}")


def _read(path: Path) -> CheckpointFile:
    try:
        return torch_bridge.read_file(path)
    except CheckpointError:
        description = None
        if path.is_file():
            description = foreign_files.describe_download(path) or foreign_files.describe_archive(path)
        if description is None:
            raise
        raise CheckpointError(f"{path}: {description}") from None


def _kind_of(file: CheckpointFile, wanted: Kind | None) -> Kind:
    recognised = _by_header(file.metadata) or _by_names(_names(file))
    if wanted is None:
        if recognised is None:
            known = ", ".join(kind.name for kind in KINDS)
            some = ", ".join(list(_names(file))[:3])
            raise CheckpointError(f"its arrays ({some}, …) are not those of {known}; pass --kind")
        return recognised
    if recognised is not None and recognised.name != wanted.name:
        hint = f"; give it with {recognised.option}" if recognised.option else ""
        raise CheckpointError(f"holds a network of the kind {recognised.name}, not {wanted.name}{hint}")
    return wanted


def _by_header(metadata: Mapping[str, str]) -> Kind | None:
    name = metadata.get("architecture")
    if name is None:
        return None
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise CheckpointError(
        foreign_files.describe_architecture(name)
        or f"its header names the architecture {name}, which cannot be converted"
    )


def _names(file: CheckpointFile) -> Collection[str]:
    description = foreign_files.describe_tree(file.tree)
    if description is not None:
        raise CheckpointError(description)
    network = torch_bridge.persistent_network(file.tree)
    return (torch_bridge.find_state_dict(file.tree) if network is None else network.state_dict).keys()


def _by_names(names: Collection[str]) -> Kind | None:
    for kind in KINDS:
        if kind.recognises(names):
            return kind
    description = foreign_files.describe_names(names)
    if description is not None:
        raise CheckpointError(description)
    return None
