"""Reading a program's text: loops, exchanges, groups of devices."""

import pytest

from jaxunlearn.profiling.aot import hlo

TEXT = """\
HloModule jit_step, is_scheduled=true, num_partitions=4

%add (a: f32[], b: f32[]) -> f32[] {
  %a = f32[]{:T(256)} parameter(0)
  %b = f32[]{:T(256)} parameter(1)
  ROOT %sum = f32[]{:T(256)} add(%a, %b)
}

%condition (state: (s32[], f32[8,4])) -> pred[] {
  %state = (s32[]{:T(128)}, f32[8,4]{1,0}) parameter(0)
  %counter = s32[]{:T(128)} get-tuple-element(%state), index=0
  %limit = s32[]{:T(128)} constant(7)
  ROOT %less = pred[]{:T(512)} compare(%counter, %limit), direction=LT
}

%body (state: (s32[], f32[8,4])) -> (s32[], f32[8,4]) {
  %state = (s32[]{:T(128)}, f32[8,4]{1,0}) parameter(0)
  %fusion = f32[8,4]{1,0} fusion(%state), kind=kLoop, calls=%add
  %shift = f32[8,4]{1,0} collective-permute(%fusion), channel_id=3, source_target_pairs={{0,1},{1,0}}
  ROOT %next = (s32[]{:T(128)}, /*index=1*/f32[8,4]{1,0}) tuple(%state, %shift)
}

ENTRY %main (x: f32[8,4]) -> f32[8,4] {
  %x = f32[8,4]{1,0} parameter(0)
  %loop = (s32[]{:T(128)}, f32[8,4]{1,0}) while(%x), condition=%condition, body=%body
  %sum = (f32[8,4]{1,0:T(8,128)}, bf16[16]{0}) all-reduce(%loop, %x), channel_id=1, \
replica_groups=[2,2]<=[2,2]T(1,0), use_global_device_ids=true, to_apply=%add
  %start = ((f32[8]{0}), (f32[32]{0})) all-gather-start(%x), replica_groups={{0,1},{2,3}}, dimensions={0}
  ROOT %done = f32[32]{0} all-gather-done(%start)
}
"""


def test_exchanges_with_their_sizes_groups_and_loops():
    permute, reduce, gather = hlo.collectives(TEXT)
    assert permute == hlo.Collective("collective-permute", 8 * 4 * 4, ((0, 1), (1, 0)), trips=7)
    assert reduce == hlo.Collective("all-reduce", 8 * 4 * 4 + 16 * 2, ((0, 2), (1, 3)), trips=1)
    assert gather == hlo.Collective("all-gather", 32 * 4, ((0, 1), (2, 3)), trips=1)


@pytest.mark.parametrize(
    ("shape", "opcode", "size"),
    [
        ("(f32[8]{0}, f32[32]{0})", "all-gather-start", 32 * 4),
        ("((f32[8]{0}, bf16[4]{0}), (f32[32]{0}, bf16[16]{0}))", "all-gather-start", 32 * 4 + 16 * 2),
        ("(f32[8,4]{1,0:T(8,128)}, f32[8,4]{1,0:T(8,128)}, u32[], u32[])", "collective-permute-start", 128),
        ("((f32[32]{0}), f32[8]{0}, u32[])", "reduce-scatter-start", 8 * 4),
        ("f32[8]{0}", "all-reduce-start", 8 * 4),
        ("(f32[8]{0}, f32[32]{0})", "all-reduce-start", 40 * 4),
    ],
)
def test_operands_of_asynchronous_exchanges_are_not_counted(shape, opcode, size):
    text = f"ENTRY %main (x: f32[8]) -> f32[8] {{\n  %start = {shape} {opcode}(%x), dimensions={{0}}\n}}\n"
    assert [exchange.size for exchange in hlo.collectives(text)] == [size]
