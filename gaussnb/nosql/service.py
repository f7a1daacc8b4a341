"""GaussDB NoSQL as the engine sees it."""

from __future__ import annotations

from ..core.catalogue import Catalogue
from .groups import NosqlGroups

OPERATIONS = Catalogue(NosqlGroups.chapters())
"""Every declared operation, by the vendor's operation id."""
