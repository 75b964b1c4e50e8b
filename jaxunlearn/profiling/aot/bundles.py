"""Cycles of what the TPU compiler gives no estimate for: gathers, scatters, sorts and our own kernels.

A TPU core runs at most one instruction bundle a cycle. `python -m benchmarks.bundles_tpu v5e:1x1` counts the
bundles in the compiler's final schedules, with all turns of loops (libtpu 0.0.42.1, JAX 0.10.2). Time spent
waiting is not in them. So these are lower bounds. On a v6e, near rows of bfloat16 take 3.1 bundles instead of
2.5; other gathers and short sorts take the same within 7 %. With libtpu 0.0.48.1 and JAX 0.11.2, near rows of
float32 take 14.2 bundles to be added instead of 9.0, and the longest sort takes 8 % less; all others take the
same within 1 %.
"""

LANES = 128
"""Numbers side by side in a register; a row of up to this number is fetched as a whole."""

GATHERED_ROW = {("near", 16): 2.46, ("near", 32): 1.91, ("far", 16): 8.36, ("far", 32): 5.25}
"""(Place of the table, bits of a number) → bundles of a gathered row of up to 128 numbers.

Near is the core's own memory: 49,152 rows from 66,049 take 120,972 bundles in bfloat16, 93,708 in float32.
Far is the chip's memory, where each row is a copy of its own: 737,280 rows from 990,735 take 6,163,208
bundles in bfloat16, 3,870,728 in float32.
"""

GATHERED_NUMBER = 9.89
"""Bundles of a gathered number: 491,520 numbers take 4,861,451, and 245,760 take 2,430,731."""

SCATTERED_ROW = {("near", 16): 12.7, ("near", 32): 8.96, ("far", 16): 14.8, ("far", 32): 11.4}
"""(Place of the updates, bits of a number) → bundles of a row added to a table.

These scatters add rows in the order of sorted indices. The gather that brings rows into this order is in
the figure, and so is the writing of the table. The sort is an operation of its own. 49,152 near rows into
66,049 take 622,860 bundles, and 440,186 in float32. 737,280 far rows into 990,735 take 10,917,279, and
8,408,186 in float32. Each part of the table (29,896 rows of bfloat16, half as many of float32) counts as
written once.
"""

SCATTERED_NUMBER = 6.84
"""Bundles of a number put at its place, where no place is taken twice: 491,520 numbers take 3,362,998."""

SHORT_SORT = range(65, 129)
SHORT_SORTED = {2: 0.233, 3: 0.255}
"""Arrays that are sorted together → bundles of a key in many short sorts side by side.

5,120 sorts of 96 keys with one number beside each take 114,714 bundles, and 125,174 with two.
"""

LONG_SORT = range(2**14, 2**21)
LONG_SORTED = 1.62
"""Bundles of a number in one long sort of a scatter: 49,152 indices with places take 73,377, which is 1.49
each; 737,280 take 1,196,010, which is 1.62 each."""

FUSED_POINTS = {"fused_points": 4.79, "fused_points_gradient": 7.41}
"""Kernel of `eg3d_flax.fused_points` → bundles of a point, for EG3D's decoder, two planes and bfloat16.

196,608 points take 940,832 bundles, and 1,721,065 in the gradient, with the clearing of 66,049 rows.
"""

CLEARED_ROW = 4
"""Bundles in which the gradient's kernel clears one row of both planes, once for each image."""
