"""Groups of devices that exchange, in every form in which XLA writes them."""

import pytest

from jaxunlearn.profiling.aot.device_groups import axis_of, device_groups

PAIRS_OF_8 = ((0, 1), (2, 3), (4, 5), (6, 7))


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("source_target_pairs={{0,1},{1,0}}", ((0, 1), (1, 0))),
        ("replica_groups={{0,1},{2,3}}, use_global_device_ids=true", ((0, 1), (2, 3))),
        ("replica_groups={{0,1,2,3}}", ((0, 1, 2, 3),)),
        ("replica_groups={}", ()),
        ("channel_id=1", ()),
        ("replica_groups=[2,2]<=[4]", ((0, 1), (2, 3))),
        ("replica_groups=[2,2]<=[2,2]T(1,0)", ((0, 2), (1, 3))),
        ("replica_groups=mesh['sample'=2] {'sample'}", ((0, 1),)),
        ("replica_groups=mesh['identity'=2,'sample'=2] {'sample'}", ((0, 1), (2, 3))),
        ("replica_groups=mesh['identity'=2,'sample'=2] {'identity'}, to_apply=%add", ((0, 2), (1, 3))),
        ("replica_groups=mesh['identity'=2,'sample'=2] {'identity','sample'}", ((0, 1, 2, 3),)),
        ("replica_groups=mesh['identity'=2,'sample'=1] {'sample'}", ((0,), (1,))),
        ("replica_groups=mesh['a'=8] {'a':(1)4}", ((0, 2, 4, 6), (1, 3, 5, 7))),
        ("replica_groups=mesh['a'=8] {'a':(4)2}", PAIRS_OF_8),
        ("replica_groups=mesh['a'=8] {'a':(2)2}", ((0, 2), (1, 3), (4, 6), (5, 7))),
        ("replica_groups=mesh['a'=4,'b'=2] {'a':(2)2,'b'}", ((0, 1, 2, 3), (4, 5, 6, 7))),
    ],
)
def test_every_form(text, groups):
    assert device_groups(f"%x), {text}, metadata={{}}") == groups


@pytest.mark.parametrize(
    ("groups", "axis"),
    [
        ([(0, 1), (2, 3)], "sample"),
        ([(0, 2), (1, 3)], "identity"),
        ([(0, 1, 2, 3)], "both"),
        ([], "both"),
    ],
)
def test_the_axis_of_groups(groups, axis):
    assert axis_of(groups, sample=2) == axis
