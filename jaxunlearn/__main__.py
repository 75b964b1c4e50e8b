"""`python -m jaxunlearn`."""

import sys

from jaxunlearn.entry import main

sys.exit(main())
