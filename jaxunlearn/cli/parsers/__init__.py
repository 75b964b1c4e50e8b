"""Help texts and arguments of all commands, without JAX, so that help and refusals are quick."""
