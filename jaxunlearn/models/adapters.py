"""Adapters as files: apply them to the generator that they belong to, and write them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import legato_flax
from eg3d_flax import TriPlaneGenerator
from jaxunlearn.errors import InputError
from jaxunlearn.models.files.network_files import OpenedNetwork, open_network
from jaxunlearn.models.generator import Generator, fingerprint_of, load_generator, save_generator
from legato_flax import AdaptedGenerator, Adapters

OWNER = "generator_sha256"
"""Field of a file's header: fingerprint of the generator that the adapters belong to, without adapters."""
BEFORE = "after_sha256"
"""Field of a file's header: fingerprints of adapters that the generator had, in order, with commas."""
NOT_OFFICIAL = (
    "train with --config.adapters.first=inert and other values of legato/official, or `jaxunlearn bake` it"
)
"""What to do about an adapter that the official code would compute otherwise."""


def adapted(generator: Generator, files: Sequence[str | Path]) -> TriPlaneGenerator:
    """Apply adapters, one after the other in each block, in the given order.

    Args:
      generator: with or without adapters; the new ones come after those that it has.
      files: written by `unlearn` with LEGATO, or by `convert`.

    Raises:
      InputError: if a file cannot be read, holds no adapters, belongs to another generator or is applied
        already, or adapters must come before it that do not, or do so in another order.
    """
    assert isinstance(generator, TriPlaneGenerator)
    owner, applied = _owner_and_adapters(generator) if files else ("", [])
    for file in files:
        opened = open_network(file, legato_flax.ARCHITECTURE)
        adapters = _of_owner(opened, owner, applied)
        applied.append(fingerprint_of(adapters))
        try:
            generator = AdaptedGenerator(generator, adapters)
        except ValueError as error:
            raise InputError(f"{opened.path}: {error}") from error
    return generator


def _of_owner(opened: OpenedNetwork, owner: str, applied: Sequence[str]) -> Adapters:
    """Return the adapters of a file that may come next.

    Args:
      opened: the file.
      owner: fingerprint of the generator without adapters.
      applied: fingerprints of the adapters that it has, in their order.

    Raises:
      InputError: see `adapted`.
    """
    header = _header(opened)
    if OWNER not in header:
        raise InputError(
            f"{opened.path}: does not say which generator it belongs to; convert the whole official file"
        )
    if header[OWNER] != owner:
        raise InputError(
            f"{opened.path}: belongs to another generator (sha256 {header[OWNER][:12]}, this one has "
            f"{owner[:12]}); give its own with --model"
        )
    before = _before(header)
    if missing := [each for each in before if each not in applied]:
        raise InputError(
            f"{opened.path}: was trained on top of another adapter (sha256 {missing[0][:12]}); give that one "
            "before it"
        )
    if [each for each in applied if each in before] != before:
        order = ", ".join(each[:12] for each in before)
        raise InputError(
            f"{opened.path}: was trained on top of other adapters in another order; give them in this order "
            f"(sha256 {order})"
        )
    adapters = opened.build()
    assert isinstance(adapters, Adapters)
    if fingerprint_of(adapters) in applied:
        raise InputError(f"{opened.path}: the generator has this adapter already; give it once")
    return adapters


def _header(opened: OpenedNetwork) -> dict[str, str]:
    return {**opened.network.header, **opened.metadata}


def _before(header: Mapping[str, str]) -> list[str]:
    """Return the fingerprints of adapters that must come before those of a file."""
    return [text for text in header.get(BEFORE, "").split(",") if text]


def as_trained(generator: Generator, file: str | Path, own: Adapters) -> AdaptedGenerator:
    """Return the generator that a run made when it wrote a file of adapters.

    Args:
      generator: with at least all adapters that the generator of the run had, see `adapted`.
      file: the file.
      own: its adapters.
    """
    made, layers = layers_of(generator)
    assert isinstance(made, TriPlaneGenerator)
    known = {fingerprint_of(each): each for each in layers}
    for fingerprint in _before(_header(open_network(file, legato_flax.ARCHITECTURE))):
        made = AdaptedGenerator(made, known[fingerprint])
    return AdaptedGenerator(made, own)


def layers_of(generator: Generator) -> tuple[Generator, tuple[Adapters, ...]]:
    """Return a generator without its adapters, and these in the order of their application."""
    layers: list[Adapters] = []
    while isinstance(generator, AdaptedGenerator):
        layers.insert(0, generator.adapters)
        generator = generator.generator
    return generator, tuple(layers)


def _owner_and_adapters(generator: TriPlaneGenerator) -> tuple[str, list[str]]:
    """Return the fingerprints of a generator without its adapters, and of these in their order."""
    plain, layers = layers_of(generator)
    return fingerprint_of(plain), [fingerprint_of(adapters) for adapters in layers]


def with_strength(generator: Generator, strength: float) -> AdaptedGenerator:
    """Return a generator whose last adapters run to `strength` times their end time; those before stay whole.

    Raises:
      InputError: if it has no adapters.
    """
    own = _with_adapters(generator)
    return AdaptedGenerator(own.generator, own.adapters.with_strength(strength))


def with_strengths(generator: Generator, strengths: Sequence[float]) -> list[AdaptedGenerator]:
    """Return `with_strength` for each strength, as generators for which rendering is compiled only once.

    Raises:
      InputError: if it has no adapters.
    """
    own = _with_adapters(generator)
    return [AdaptedGenerator(own.generator, each) for each in own.adapters.with_strengths(strengths)]


def _with_adapters(generator: Generator) -> AdaptedGenerator:
    if not isinstance(generator, AdaptedGenerator):
        raise InputError("a strength was given, but the generator has no adapter; LEGATO trains adapters")
    return generator


def has_adapters(generator: Generator) -> bool:
    """Return True if a generator has adapters."""
    return isinstance(generator, AdaptedGenerator)


def save_unlearned(generator: Generator, path: Path, notes: Mapping[str, str]) -> None:
    """Write what training made: the last adapters alone, or the whole generator.

    Args:
      generator: the trained one.
      path: a `.safetensors` file; it appears complete or not at all.
      notes: source, licence, seed, ...
    """
    if not isinstance(generator, AdaptedGenerator):
        save_generator(generator, path, notes)
        return
    owner, before = _owner_and_adapters(generator.generator)
    belongs = {OWNER: owner, BEFORE: ",".join(before)}
    legato_flax.save(generator.adapters, path, {**notes, **{k: v for k, v in belongs.items() if v}})


def load_unlearned(path: Path, source: Callable[[], Generator]) -> Generator:
    """Read what `save_unlearned` wrote.

    Args:
      path: the file.
      source: loads the generator that training started from; called only where the file has adapters alone.

    Raises:
      InputError: if the file cannot be read, or the source is another generator.
    """
    opened = open_network(path)
    if opened.kind.name != legato_flax.ARCHITECTURE:
        return load_generator(str(path))
    generator = source()
    assert isinstance(generator, TriPlaneGenerator)
    return AdaptedGenerator(generator, _of_owner(opened, *_owner_and_adapters(generator)))
