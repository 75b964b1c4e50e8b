"""Cycles of a program: estimated, added, unknown; on texts of real compilations."""

import json

import pytest

from jaxunlearn.methods.guide import presets
from jaxunlearn.profiling.aot import cycles, hlo
from jaxunlearn.profiling.aot.compilation import Report
from jaxunlearn.profiling.aot.report import lines
from jaxunlearn.profiling.copies import CopySize
from tests.support.hlo_programs import CHUNKS, FOLDER, FUSED_POINTS, POINTS, RAYS, SAMPLES, SIDE

SAVED = sorted(FOLDER.glob("jax_*.txt"))
FUSED = sorted(FOLDER.glob("fused_*.txt"))


@pytest.fixture(params=SAVED, ids=lambda path: path.stem)
def saved(request):
    return request.param.read_text()


@pytest.fixture
def counted(saved):
    found = cycles.count(saved)
    assert found is not None
    return found


def added(counted):
    """What was added, by kind and part."""
    return {
        (found.kind, found.part, found.direction): (found.runs, found.cycles)
        for found in counted.dearest
        if not found.estimated
    }


def test_rows_are_counted_with_all_turns_of_their_loop(counted):
    found = added(counted)
    rows = CHUNKS * POINTS
    far, near = ("gather_fusion", "lookup", "forward"), ("gather_fusion", "lookup", "recomputed")
    assert found[far] == (CHUNKS, pytest.approx(rows * 8.36, rel=1e-4))
    assert found[near] == (CHUNKS, pytest.approx(rows * 2.46, rel=1e-4))
    scatter = found["scatter_custom_fusion", "lookup", "backward"]
    assert scatter == (CHUNKS, pytest.approx(rows * 12.7, rel=1e-4))


def test_sorts_and_single_numbers_are_counted(counted):
    found = added(counted)
    numbers = RAYS * SAMPLES
    long, short = found["sort", "lookup", "backward"], found["sort", "compositing", "forward"]
    assert long == (CHUNKS, pytest.approx(CHUNKS * POINTS * 1.62, rel=1e-4))
    assert short == (1, pytest.approx(numbers * 0.233, rel=1e-4))
    assert found["gather_fusion", "compositing", "forward"] == (1, pytest.approx(numbers * 9.89, rel=1e-4))


def test_what_nobody_can_count_is_listed(counted):
    unknown = {(group.kind, group.part): group for group in counted.unknown}
    kernel = unknown["tpu_custom_call", "decoder"]
    assert (kernel.count, kernel.runs, kernel.bytes) == (1, 1, 128 * 128 * 4)
    assert unknown["all-reduce", "other"].bytes == 65_536 * 128 * 2


@pytest.mark.parametrize("path", FUSED, ids=lambda path: path.stem)
def test_the_kernels_of_fused_points_are_counted(path):
    counted = cycles.count(path.read_text())
    assert counted is not None
    points, rows = 2 * FUSED_POINTS, 2 * (SIDE + 1) ** 2
    found = [operation.cycles or 0 for operation in counted.dearest if operation.kind == "tpu_custom_call"]
    assert sorted(found) == pytest.approx([points * 4.79, points * 7.41 + rows * 4], rel=1e-3)
    assert " gather(" not in path.read_text()  # gradients that nobody asks for are left out


@pytest.mark.parametrize("path", FUSED, ids=lambda path: path.stem)
def test_a_kernel_with_another_decoder_is_unknown(path):
    counted = cycles.count(path.read_text().replace("bf16[64,128]", "bf16[48,128]"))
    assert counted is not None
    assert {group.kind for group in counted.unknown} >= {"tpu_custom_call"}


def test_parts_and_totals_agree(counted):
    assert counted.total == counted.estimated + counted.added == sum(part.total for part in counted.parts)
    assert counted.added == sum(part.added for part in counted.parts)
    totals = [part.total for part in counted.parts]
    assert totals == sorted(totals, reverse=True)
    assert [found.cycles for found in counted.dearest] == sorted(
        (found.cycles for found in counted.dearest), reverse=True
    )


def test_estimates_are_multiplied_by_loops(saved, counted):
    """Estimates of the two loops' bodies count four times; those of the entry count once."""
    once = cycles.count(saved.replace("constant(4)", "constant(1)"))
    assert once is not None
    program, entry = hlo.computations(saved)
    outside = sum(
        int(found.attribute(r'"estimated_cycles":"(\d+)"') or 0)
        for found, _ in hlo.walk({entry: program[entry]}, entry, 1)
    )
    assert 0 < outside < once.estimated
    assert counted.estimated - outside == CHUNKS * (once.estimated - outside)


def test_a_form_that_was_not_measured_is_unknown(saved):
    """Rows of 256 numbers, and sorts of 40: no figure is stretched to them."""
    wide = cycles.count(saved.replace("slice_sizes={1,128}", "slice_sizes={1,256}"))
    other = cycles.count(saved.replace("f32[2048,96]", "f32[2048,40]"))
    assert wide is not None
    assert other is not None
    assert ("gather_fusion", "lookup") in {(group.kind, group.part) for group in wide.unknown}
    assert ("sort", "compositing") in {(group.kind, group.part) for group in other.unknown}


def test_a_program_without_estimates_has_no_cycles(saved):
    assert cycles.count(saved.replace("estimated_cycles", "something")) is None


def report(counted, kind, model_flops):
    """A report of nothing but cycles."""
    return Report(
        topology="v5e:2x2",
        platform="tpu",
        device_kind=kind,
        devices=2,
        mesh=(1, 2),
        at_once=1,
        copies=1,
        pairs=5,
        copy=CopySize(parameters=4, optimiser=8, target=2),
        shared=0,
        padding={},
        fits=True,
        needed=1,
        available=2,
        memory=None,
        largest=(),
        flops=None,
        exchanges=(),
        model_flops=model_flops,
        cycles=counted,
        lower_seconds=1.0,
        compile_seconds=1.0,
    )


def test_time_and_mfu_follow_from_the_clock(counted):
    found = report(counted, "TPU v5 lite", 2.0**17 * counted.total / 4)
    assert found.seconds == pytest.approx(counted.total / 1.503e9, rel=1e-4)
    assert found.mfu == pytest.approx(0.25)  # 2**17 operations a cycle are all that four units of 128² can do
    assert report(counted, "TPU v5 lite", None).mfu is None
    assert report(counted, "cpu", 1.0).seconds is None
    saved = found.to_json()
    assert (saved["seconds"], saved["mfu"]) == (found.seconds, found.mfu)
    assert saved["cycles"]["added"] == counted.added
    assert len(saved["cycles"]["dearest"]) == 10
    assert json.loads(json.dumps(saved["cycles"])) == saved["cycles"]


def test_the_report_says_what_is_in_no_number(counted):
    printed = list(lines(report(counted, "TPU v5 lite", 2.0**17 * counted.total / 4), presets.heads()))
    time = f"  {1e3 * counted.total / 1.5030e9:.4g} ms a step at 1.503 GHz, 25 % MFU: "
    assert f"{time}if the estimates hold and nothing waits" in printed
    assert "  tpu_custom_call: 1 x, 0.1 MiB" in printed
    start = printed.index("most expensive operations:") + 1
    assert printed[start].endswith("compositing forward: 1 x gather_fusion f32[196608]")
    assert printed.index("in neither number (kind, runs, size of the results):") == start + 10
