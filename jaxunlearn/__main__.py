"""`python -m jaxunlearn`."""

import sys

from jaxunlearn.process.entry import main

sys.exit(main())
