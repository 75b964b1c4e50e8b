"""Write the report of a compilation in words."""

from collections.abc import Iterator

from jaxunlearn.methods.settings import ConfigDict
from jaxunlearn.profiling.aot.compilation import Exchange, Report
from jaxunlearn.profiling.devices import products


def lines(report: Report, config: ConfigDict) -> Iterator[str]:
    """Yield the lines of the report; `config` is that of the workload."""
    identity, sample = report.mesh
    rendering = config.rendering
    yield (
        f"{report.topology}: {report.devices} x {report.device_kind}, identity {identity} x sample {sample}; "
        f"{report.copies} copies of {report.pairs} pairs in {rendering.dtype} "
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
    if report.estimated_cycles is not None:
        yield (
            f"estimated cycles per device (all turns of loops, without gathers, scatters and sorts): "
            f"{report.estimated_cycles:,}"
        )


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
    for entry in report.largest:
        yield f"  {_gib(entry['bytes'])} {entry['shape']} {entry['operator']}"


def _exchanges(exchanges: tuple[Exchange, ...]) -> Iterator[str]:
    if not exchanges:
        yield "devices exchange nothing"
    for exchange in exchanges:
        along = "across the whole mesh" if exchange.axis == "both" else f"along {exchange.axis}"
        yield f"{exchange.count} x {exchange.kind} {along}, {exchange.bytes / 2**20:.2f} MiB per step"


def _gib(count: float) -> str:
    return f"{count / 2**30:.2f} GiB"
