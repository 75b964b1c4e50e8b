"""One module per subcommand of the command line, each with `add_parser` and `run`.

Their imports at the top stay light; what needs JAX is imported in `run`, so that `--help` is quick.
"""
