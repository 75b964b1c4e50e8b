"""Arguments of `jaxunlearn convert`."""

from argparse import ArgumentParser

from jaxunlearn.cli.argument_types import local_path, name_or_path

DESCRIPTION = """\
Convert a network between PyTorch's files and ours.

IN may be a network pickle of NVIDIA's code base (.pkl), a PyTorch file (.pt, .pth) or safetensors. Its
content decides, not its name. If there is no file of that name, the folders of `jaxunlearn models` are
searched. No code from the file is run. OUT becomes a safetensors file. Its header has the architecture, the
settings, the SHA-256 of the source file and the licence note.

With --to torch, OUT is a state dict that the official code loads with strict=True, but for three kinds. FID's
Inception comes without its classifier, which FID does not use. LPIPS is one file with the entries of two
networks, its backbone and its heads. An adapter alone has its own entries only; with --adapter, OUT has all.
"""
EXAMPLES = """\
examples:
  jaxunlearn convert ffhqrebalanced512-128.pkl ffhq.safetensors
  jaxunlearn convert ffhqrebalanced512-128.pkl --check
  jaxunlearn convert unlearned.safetensors unlearned.pth --to torch
  jaxunlearn convert last.pkl adapter.safetensors --kind legato
  jaxunlearn convert ffhq.safetensors adapted.pth --adapter adapter.safetensors --to torch
"""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add("source", metavar="IN", type=local_path, help="file to read")
    add("target", metavar="OUT", type=local_path, nargs="?", help="file to write")
    add("--kind", default="auto", help="kind of network; auto recognises it by the names of its weights")
    add("--check", action="store_true", help="print what each key becomes; write nothing")
    add(
        "--adapter",
        action="append",
        default=[],
        type=name_or_path,
        metavar="FILE",
        help="with --to torch, the adapter of the generator IN: OUT gets the official names of both. The "
        "official code has one in a block; bake several into weights first",
    )
    add(
        "--to",
        choices=("jax", "torch"),
        default="jax",
        help="torch: a state dict with official names, .pth or .safetensors by the name of OUT",
    )
