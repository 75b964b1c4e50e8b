"""Where a device spends its time, by part."""

import jax
import jax.numpy as jnp

from jaxunlearn.profiling import trace


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
