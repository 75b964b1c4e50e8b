"""Convert a network between PyTorch's files and ours; the same as `jaxunlearn convert`."""

import argparse
import sys

from jaxunlearn.cli import convert
from jaxunlearn.cli import main as cli

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    convert.add_arguments(parser)
    sys.exit(cli.execute(parser.parse_args()))
