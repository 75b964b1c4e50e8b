"""Write a picture of synthetic people, a row each; docs/explanation/bundled_people.md shows four of them.

python tools/picture_synthetic_people.py generator docs/images/heads_generator.webp --people 5 --views 5
python tools/picture_synthetic_people.py album docs/images/heads_album.webp
python tools/picture_synthetic_people.py celeba_like docs/images/heads_celeba_like.webp
python tools/picture_synthetic_people.py wigs docs/images/heads_wigs.webp
"""

import argparse
import sys
from pathlib import Path

from PIL import Image

from jaxunlearn.errors import InputError
from jaxunlearn.files.paths import check_file
from jaxunlearn.zoo.synthetic.photographs import PhotographRequest, contact_sheet, photograph
from jaxunlearn.zoo.synthetic.scenarios import SCENARIOS


def main() -> int:
    """Run the command; return 2 on wrong input."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("out", type=Path, help="file to write; its ending says the format")
    parser.add_argument("--people", type=int, default=2, help="rows (default: %(default)s)")
    parser.add_argument("--views", type=int, default=6, help="photographs of each (default: %(default)s)")
    parser.add_argument("--resolution", type=int, default=128, help="pixels a side (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all draws (default: %(default)s)")
    arguments = parser.parse_args()
    if Image.registered_extensions().get(arguments.out.suffix.lower()) not in Image.SAVE:
        parser.error(f"{arguments.out}: its ending names no format of pictures; end it with .png or .webp")
    try:
        check_file(arguments.out)
        request = PhotographRequest(
            arguments.scenario,
            people=arguments.people,
            views=arguments.views,
            resolution=arguments.resolution,
            seed=arguments.seed,
            first=arguments.first,
        )
    except InputError as error:
        parser.error(str(error))
    sheet = contact_sheet(photograph(request), request.people, request.views)
    Image.fromarray(sheet).save(arguments.out, quality=90)
    return 0


if __name__ == "__main__":
    sys.exit(main())
