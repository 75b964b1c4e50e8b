"""Where a device spends its time, by part."""

import jax
import jax.numpy as jnp

from jaxunlearn.profiling.by_part import trace
from jaxunlearn.sharding import make_mesh, over_rows


def test_operations_of_a_program_and_their_parts():
    @jax.jit
    def function(x):
        with jax.named_scope("backbone"):
            x = jnp.cumsum(x @ x, axis=0)
        with jax.named_scope("decoder"):
            return jnp.sort(x, axis=0)

    ones = jnp.ones((200, 200))
    compiled = function.lower(ones).compile()
    compiled(ones)
    operations = trace.operations(lambda: compiled(ones), 3, compiled.as_text() or "")
    assert {"backbone", "decoder"} <= {operation.part for operation in operations}
    assert all(operation.seconds > 0 and operation.count >= 1 for operation in operations)
    assert [o.seconds for o in operations] == sorted((o.seconds for o in operations), reverse=True)


def test_several_devices_have_their_mean():
    mesh = make_mesh(1, 4)
    rows = jnp.ones((4, 50, 50))
    compiled = jax.jit(over_rows(lambda _, x: jnp.sort(x @ x, axis=1), mesh, 4)).lower((), rows).compile()
    rows = jax.device_put(rows, compiled.input_shardings[0][1])
    jax.block_until_ready(compiled((), rows))
    operations = trace.operations(lambda: compiled((), rows), 3, compiled.as_text() or "", 4)
    assert {o.count for o in operations if "sort" in o.name} == {1.0}
