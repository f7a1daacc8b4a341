"""Marks: what a bulk creation writes onto each thing in the cloud, so that any machine can tell what made the thing.

The ledger is one machine's memory. A second machine, a fresh container or a machine whose ledger was deleted reads the
marks instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ..core.errors import GaussnbError
from ..core.faces import face
from ..core.methods import Sender
from ..core.service import Service

_TEXT = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{1,8})\.([0-9]{1,12})")


@dataclass(frozen=True)
class Mark:
    """The origin of a thing: the row it was made from, and the entry in the ledger that stands for its request.

    >>> str(Mark("sha256:0123456789abcdef", 255, 7)), Mark.read("0123456789abcdef.ff.7")
    ('0123456789abcdef.ff.7', Mark(digest='sha256:0123456789abcdef', ledger=255, key=7))
    """

    digest: str
    """The digest of the row, from :func:`gaussnb.core.wire.digest_of`."""
    ledger: int
    """The id of the ledger of the machine."""
    key: int
    """The key of the entry: each request of each run has its own."""

    @face
    def __str__(self) -> str:
        # At most 38 of the characters that the value of a tag may have; the strictest document allows 43.
        return f"{self.digest.removeprefix('sha256:')}.{self.ledger:x}.{self.key}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read a mark; None for a text of another form, as a person may have written it."""
        found = _TEXT.fullmatch(text)
        return cls(f"sha256:{found[1]}", int(found[2], 16), int(found[3])) if found else None


def read_marks(service: Service, sender: Sender) -> Mapping[str, Mark]:
    """Read the marks of all things by the id of the thing, in one call. Empty if they cannot be read.

    A missing mark says nothing: a user without the permission to read tags may still create.
    """
    if service.list_marks is None:
        return {}
    try:
        texts = service.list_marks(sender)
    except GaussnbError:
        return {}
    marks = {id: Mark.read(text) for id, text in texts.items()}
    return {id: mark for id, mark in marks.items() if mark is not None}
