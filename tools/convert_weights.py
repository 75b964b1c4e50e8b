"""Convert a network between PyTorch's files and ours; the same as `jaxunlearn convert`."""

import argparse
import sys

from jaxunlearn import cli
from jaxunlearn.commands import convert

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    convert.add_arguments(parser)
    sys.exit(cli.execute(parser.parse_args()))
