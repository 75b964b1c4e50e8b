"""Write the report of a compilation in words."""

from collections.abc import Iterator, Sequence

from jaxunlearn.methods.config.declaration import ConfigDict
from jaxunlearn.profiling.aot.compilation import Report
from jaxunlearn.profiling.aot.cycles import Cycles, Unknown
from jaxunlearn.profiling.devices import chip, products
from jaxunlearn.profiling.exchanges import Exchange

_LEAST_SHARE = 0.1
"""Percent of the cycles from which a part is printed; JSON has all parts."""


def lines(report: Report, config: ConfigDict) -> Iterator[str]:
    """Yield the lines of the report; `config` is that of the workload."""
    identity, sample = report.mesh
    turns = f", {report.at_once} at a time," if report.at_once * identity < report.copies else ""
    rendering = config.rendering
    yield (
        f"{report.topology}: {report.devices} x {report.device_kind}, identity {identity} x sample {sample}; "
        f"{report.copies} copies of {report.pairs} pairs{turns} in {rendering.dtype} "
        f"(products in {products(report.platform, rendering.dtype, 'default')}), "
        f"{rendering.ray_chunk or 'all'} rays at a time"
    )
    yield f"traced in {report.lower_seconds:.1f} s, compiled in {report.compile_seconds:.1f} s"
    for name, share in report.padding.items():
        yield f"{name.replace('_', ' along ')}: {100 * share:.1f} % of the work is not needed"
    yield from _memory(report)
    if report.flops is not None:
        gflop = report.flops / 1e9
        yield f"operations per device, as XLA counts them (bodies of loops once): {gflop:.1f} GFLOP"
    if report.fits:
        yield from _exchanges(report.exchanges)
    if report.cycles is not None:
        yield from _cycles(report, report.cycles)


def _memory(report: Report) -> Iterator[str]:
    verdict = "fits" if report.fits else "does NOT fit"
    yield (
        f"memory per device: {_gib(report.needed)} of {_gib(report.available)}, "
        f"{100 * report.needed / report.available:.0f} %: {verdict}"
    )
    if report.memory is not None:
        m = report.memory
        yield (
            f"  arguments {_gib(m.arguments)}, outputs {_gib(m.outputs)} "
            f"({_gib(m.aliased)} of them in place of arguments), "
            f"temporaries {_gib(m.temporaries)}, code {_gib(m.code)}"
        )
    of_copy = report.copy
    yield (
        f"  of that for each copy: parameters {of_copy.parameters / 2**20:.1f} MiB, "
        f"optimiser {of_copy.optimiser / 2**20:.1f} MiB, target {of_copy.target / 2**20:.1f} MiB"
    )
    yield f"  and once for all copies: {report.shared / 2**20:.1f} MiB of networks that no step changes"
    for entry in report.largest:
        yield f"  {_gib(entry['bytes'])} {entry['shape']} {entry['operator']}"


def _exchanges(exchanges: tuple[Exchange, ...]) -> Iterator[str]:
    if not exchanges:
        yield "devices exchange nothing"
    for exchange in exchanges:
        along = "across the whole mesh" if exchange.axis == "both" else f"along {exchange.axis}"
        yield f"{exchange.count} x {exchange.kind} {along}, {exchange.bytes / 2**20:.2f} MiB per step"


def _cycles(report: Report, cycles: Cycles) -> Iterator[str]:
    yield (
        f"cycles per device: {cycles.estimated:.3g} estimated by the compiler, and {cycles.added:.3g} of "
        f"gathers, scatters, sorts and our kernels, which it leaves out: {cycles.total:.3g}"
    )
    known = chip(report.device_kind)
    if known is not None and known.clock is not None and report.seconds is not None:
        line = f"  {1e3 * report.seconds:.4g} ms a step at {known.clock / 1e9:.3f} GHz"
        share = "" if report.mfu is None else f", {100 * report.mfu:.2g} % MFU"
        yield f"{line}{share}: if the estimates hold and nothing waits"
    yield "  part             direction   estimated  left out  share"
    for part in cycles.parts:
        share = 100 * part.total / cycles.total
        if share >= _LEAST_SHARE:
            numbers = f"{part.estimated:10.2e} {part.added:9.2e} {share:5.1f} %"
            yield f"  {part.part:16} {part.direction:10} {numbers}"
    yield "most expensive operations:"
    for operation in cycles.dearest:
        yield (
            f"  {operation.cycles:9.2e} {operation.part} {operation.direction}: "
            f"{operation.runs} x {operation.kind} {operation.shape}"
        )
    yield from _unknown(cycles.unknown)


def _unknown(groups: Sequence[Unknown]) -> Iterator[str]:
    """Yield what is in no number, by kind; JSON has it by part."""
    if groups:
        yield "in neither number (kind, runs, size of the results):"
    for kind in dict.fromkeys(group.kind for group in groups):
        same = [group for group in groups if group.kind == kind]
        size = sum(group.bytes for group in same)
        beside = ", beside other work" if kind.endswith("-start") else ""
        yield f"  {kind}: {sum(group.runs for group in same)} x, {size / 2**20:.1f} MiB{beside}"


def _gib(count: float) -> str:
    return f"{count / 2**30:.2f} GiB"
