"""Write results as Markdown tables, which are readable in a terminal."""

import collections
from collections.abc import Iterator, Sequence

import numpy as np

from jaxunlearn.profiling.devices import chip
from jaxunlearn.profiling.results import Result
from jaxunlearn.terminal import escaped


def report(results: Sequence[Result]) -> str:
    """Return all tables of some results."""
    sections = [
        "\n".join(steps(results)),
        *("\n".join(roofline(r)) for r in results if r.get("parts")),
        *("\n".join(profile(r)) for r in results if r.get("profile")),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def rows(header: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of an aligned table; the first column is text, the others are numbers."""
    header, lines = ([escaped(cell) for cell in header], [[escaped(cell) for cell in line] for line in lines])
    widths = [max(len(line[i]) for line in (header, *lines)) for i in range(len(header))]

    def joined(line: Sequence[str]) -> str:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        return "| " + " | ".join(cells) + " |"

    yield joined(header)
    yield "| " + " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]) + " |"
    yield from map(joined, lines)


def significant(number: float, digits: int = 3) -> str:
    """Return a number with `digits` significant digits, never with an exponent."""
    return np.format_float_positional(number, digits, unique=False, fractional=False, trim="-")


_STEP_COLUMNS = (
    "case",
    "products in",
    "compile s",
    "p50 ms",
    "p95 ms",
    "steps/s",
    "pairs/s",
    "identities/h",
    "peak GiB",
    "temp GiB",
    "copy: trained MiB",
    "moments MiB",
    "target MiB",
    "shared MiB",
    "exchanged MiB",
    "TFLOP/s",
    "MFU %",
    "GB/step",
)


def steps(results: Sequence[Result]) -> Iterator[str]:
    """Yield a table with one row per case, after lines about the devices."""
    measured = [result for result in results if "error" not in result]
    if measured:
        yield from _where(measured)
        yield ""
        yield from rows(_STEP_COLUMNS, [_step(result) for result in measured])
    for result in results:
        if "error" in result:
            yield f"\n{result['name']}: {result['error']}"


def _where(results: Sequence[Result]) -> Iterator[str]:
    for device, count, version in sorted({(r["device"], r["devices"], r["jax"]) for r in results}):
        peak = chip(device)
        mfu = (
            f"MFU against {peak.flops / 1e12:.0f} TFLOP/s (dense bfloat16)"
            if peak
            else "no MFU: this device's peak is not listed"
        )
        yield f"{count} x {device}, JAX {version}; {mfu}."
    calls = sorted({r["step_seconds"]["calls"] for r in results})
    few = " FEWER THAN 30 steps: the times are only indicative." if calls[0] < 30 else ""
    yield f"Median and 95th percentile of {' or '.join(map(str, calls))} steps after warm-up.{few}"
    peaks = {r["peak"]["of"] for r in results}
    measured = "memory of the device" if peaks == {"device"} else "resident memory of the whole process"
    yield f"Peak: {measured}. TFLOP/s: operations of the model, without recomputation and padding."


def _step(result: Result) -> list[str]:
    seconds, program = result["step_seconds"], result["program"]
    return [
        result["name"] + "".join(f", {name} {share:.0%}" for name, share in result["padding"].items()),
        result["products"],
        f"{result['compile_seconds']:.1f}",
        f"{1e3 * seconds['p50']:.1f}",
        f"{1e3 * seconds['p95']:.1f}",
        significant(result["steps_per_second"]),
        significant(result["pairs_per_second"]),
        significant(result["identities_per_hour"]),
        f"{result['peak']['bytes'] / 2**30:.2f}" if result["peak"]["bytes"] else "-",  # Windows does not say
        "-" if program is None else f"{program['temp'] / 2**30:.2f}",
        *_state(result),
        significant(result["achieved_tflops"]),
        "-" if result["mfu"] is None else f"{100 * result['mfu']:.1f}",
        "-" if result["xla_bytes"] is None else f"{result['xla_bytes'] / 1e9:.2f}",
    ]


def _state(result: Result) -> list[str]:
    """Return what a copy has of its own, what all share, and what devices exchange in a step."""
    copy, exchanges = result.get("copy"), result.get("exchanges")
    sizes = [
        None if copy is None else copy["parameters"],
        None if copy is None else copy["optimiser"],
        None if copy is None else copy.get("target"),
        result.get("shared"),
        None if exchanges is None else sum(exchange["bytes"] for exchange in exchanges),
    ]
    return ["-" if size is None else f"{size / 2**20:.1f}" for size in sizes]


_PART_COLUMNS = ("part", "GFLOP", "GB", "FLOP/B", "ms", "GFLOP/s", "GB/s", "of roof %", "bound by")


def roofline(result: Result) -> Iterator[str]:
    """Yield a table with one row per part and direction, for all pairs of one trainable generator.

    The roof is the shortest time that the device allows: the longer of operations / peak and
    bytes / bandwidth. It is left out for devices without listed peaks.
    """
    peak = chip(result["device"])
    yield f"Parts of: {result['name']} ({result['products']})"
    yield ""
    lines = []
    for part in result["parts"]:
        seconds, flops, size = part["seconds"], part["flops"], part["bytes"]
        roof = bound = "-"
        if peak is not None:
            computing, moving = flops / peak.flops, size / peak.bandwidth
            roof = f"{100 * max(computing, moving) / seconds:.0f}"
            bound = "operations" if computing > moving else "memory"
        lines.append(
            [
                f"{part['part']}, {part['direction']}",
                f"{flops / 1e9:.2f}",
                f"{size / 1e9:.2f}",
                f"{flops / size:.1f}",
                f"{1e3 * seconds:.2f}",
                f"{flops / seconds / 1e9:.1f}",
                f"{size / seconds / 1e9:.1f}",
                roof,
                bound,
            ]
        )
    yield from rows(_PART_COLUMNS, lines)


LONGEST = 10
"""Operations that a profile lists one by one."""


def profile(result: Result) -> Iterator[str]:
    """Yield a table of a device's time by part and direction, and one of the longest operations."""
    operations = result["profile"]
    total = sum(operation["seconds"] for operation in operations)
    ways = ("forward", "recomputed", "backward")
    of_part = collections.Counter[tuple[str, str]]()
    for operation in operations:
        of_part[operation["part"], operation["direction"]] += operation["seconds"]
    sums = {part: sum(of_part[part, way] for way in ways) for part, _ in of_part}
    yield f"Profile of: {result['name']}: operations of {1e3 * total:.2f} ms a step per device"
    yield ""
    lines = [
        [part, *(f"{1e3 * of_part[part, way]:.2f}" for way in ways), f"{100 * sums[part] / total:.1f}"]
        for part in sorted(sums, key=lambda part: -sums[part])
    ]
    yield from rows(("part", *(f"{way} ms" for way in ways), "% of all"), lines)
    yield ""
    lines = [
        [o["name"], o["part"], o["direction"], significant(o["count"]), f"{1e3 * o['seconds']:.3f}"]
        for o in operations[:LONGEST]
    ]
    yield from rows(("longest operations", "part", "direction", "times", "ms"), lines)


def comparison(results: Sequence[Result], before: Sequence[Result]) -> Iterator[str]:
    """Yield a table that compares results with earlier ones of the same names; ratios above 1 are gains."""
    known = {result["name"]: result for result in before if "error" not in result}
    lines, missing = [], []
    for result in results:
        other = known.get(result["name"])
        if "error" in result or other is None:
            missing.append(result["name"])
            continue
        speed = other["step_seconds"]["p50"] / result["step_seconds"]["p50"]
        peaks = other["peak"]["bytes"], result["peak"]["bytes"]
        memory = f"{peaks[0] / peaks[1]:.2f}" if all(peaks) else "-"
        compiling = other["compile_seconds"] / result["compile_seconds"]
        same = "" if other["device"] == result["device"] else f" (was on {other['device']})"
        lines.append([result["name"] + same, f"{speed:.2f}", memory, f"{compiling:.2f}"])
    if lines:
        yield from rows(("case", "times as fast", "times less memory", "times faster compiled"), lines)
    for name in missing:
        yield f"nothing to compare with: {name}"
