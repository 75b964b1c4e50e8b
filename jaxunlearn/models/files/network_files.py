"""The one way from a file to a network: `convert` and every option that names a network's file use it."""

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
    """A file that was read and recognised.

    Attributes:
      path: where it lies.
      kind: what it was recognised as.
      network: its arrays, seen as such a network.
      metadata: the header of a file of ours; empty for other files.
    """

    path: Path
    kind: Kind
    network: Network
    metadata: Mapping[str, str]

    def build(self) -> nnx.Module:
        """The network with the file's weights.

        Raises:
          InputError: if they do not fit.
        """
        try:
            return self.network.build()
        except torch_bridge.StateDictError as error:
            first, *others = str(error).splitlines()
            raise InputError(self.misfit(first, len(others))) from error

    def misfit(self, first: str, others: int) -> str:
        """One line that says why the weights do not fit.

        Args:
          first: the first problem.
          others: how many there are besides.
        """
        more = f" (and {others} more problems; convert --check lists all)" if others else ""
        return f"{self.path}: does not fit {self.kind.name}: {first}{more}"


def open_network(name: str | Path, kind: str = "auto") -> OpenedNetwork:
    """Read a file and see it as a network.

    Args:
      name: a network pickle, a PyTorch file or safetensors; no code from it is run. A bare name that is not
        here is looked for where `jaxunlearn models` looks.
      kind: the name of an entry of `KINDS`, or "auto" to recognise it by the names of its arrays.

    Raises:
      InputError: if the file cannot be read, or is not of the kind.
    """
    wanted = None if kind == "auto" else kind_named(kind)
    path = locate_file(name)
    try:
        file = _read(path)
        with torch_bridge.naming_file(path):
            found = _kind_of(file, wanted)
            return OpenedNetwork(path, found, found.read(file), file.metadata)
    except CheckpointError as error:
        raise InputError(str(error)) from error


def kind_of_file(path: Path) -> Kind:
    """The kind of network that a file holds; its weights are not compared with a network's.

    Raises:
      torch_bridge.CheckpointError: if the file cannot be read, or is no network that can be converted.
    """
    file = _read(path)
    with torch_bridge.naming_file(path):
        return _kind_of(file, None)


def kind_named(name: str) -> Kind:
    """The kind of this name.

    Raises:
      InputError: if there is none.
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise InputError(f"unknown kind {name}; choose auto or one of {', '.join(kind.name for kind in KINDS)}")


def _read(path: Path) -> CheckpointFile:
    try:
        return torch_bridge.read_file(path)
    except CheckpointError:
        what = None
        if path.is_file():
            what = foreign_files.describe_download(path) or foreign_files.describe_archive(path)
        if what is None:
            raise
        raise CheckpointError(f"{path}: {what}") from None


def _kind_of(file: CheckpointFile, wanted: Kind | None) -> Kind:
    found = _by_header(file.metadata) or _by_names(_names(file))
    if wanted is None:
        if found is None:
            known = ", ".join(kind.name for kind in KINDS)
            some = ", ".join(list(_names(file))[:3])
            raise CheckpointError(f"its arrays ({some}, …) are not those of {known}; pass --kind")
        return found
    if found is not None and found.name != wanted.name:
        raise CheckpointError(f"holds a network of the kind {found.name}, not {wanted.name}")
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
    what = foreign_files.describe_tree(file.tree)
    if what is not None:
        raise CheckpointError(what)
    network = torch_bridge.persistent_network(file.tree)
    return (torch_bridge.find_state_dict(file.tree) if network is None else network.state_dict).keys()


def _by_names(names: Collection[str]) -> Kind | None:
    for kind in KINDS:
        if kind.recognises(names):
            return kind
    what = foreign_files.describe_names(names)
    if what is not None:
        raise CheckpointError(what)
    return None
