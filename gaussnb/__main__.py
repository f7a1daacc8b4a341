"""``python -m gaussnb`` is ``gaussnb``."""

import sys

from .cli import main

sys.exit(main())
