"""Run the command line: ``python -m gaussnb`` is the same as ``gaussnb``."""

import sys

from .cli import main

sys.exit(main())
