"""Convert a network between PyTorch's files and ours; the same as `jaxunlearn convert`."""

import sys

from jaxunlearn.cli import main as cli

if __name__ == "__main__":
    sys.exit(cli.main(["convert", *sys.argv[1:]]))
