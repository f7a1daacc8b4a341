"""What was asked of the sandbox, secrets masked before they are kept."""

from __future__ import annotations

import json
from collections import deque
from datetime import datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from ..core.operation import Operation
from ..core.rows import Row
from ..core.rules import is_secret
from ..core.secrets import mask, masked
from ..nosql.service import OPERATIONS

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 65_536  # bytes of a body that is kept


class Asked(Row):
    """One request the sandbox got."""

    time: datetime
    """When, on the sandbox's clock."""
    method: str
    """GET, POST, PUT or DELETE."""
    path: str
    """Path and query, as sent, secrets masked."""
    operation: str
    """The operation it was, empty for an unknown one."""
    status: int
    """The HTTP status of the answer; missing when the connection was dropped."""
    error_code: str
    """The error code of the answer, empty for a success."""
    request_id: str
    """The request id of the answer."""
    seconds: float
    """How long the answer took to make, in real seconds."""
    body: Annotated[str, "JSON"]
    """The JSON object that was sent, secrets masked; other bodies, and very long ones, are not kept."""


class Journal:
    """The last requests."""

    def __init__(self, keep: int = 10_000) -> None:
        self._records: deque[dict[str, Any]] = deque(maxlen=keep)

    def add(self, body: bytes, secrets: frozenset[str], **record: Any) -> None:
        """Keep a record. Its path and its body are masked here.

        Args:
            body: what was sent.
            secrets: the names below which a secret stands in it.
        """
        self._records.append({**record, "path": mask(record["path"]), "body": body_without_secrets(body, secrets)})

    def __len__(self) -> int:
        return len(self._records)

    def newest(self, count: int) -> list[dict[str, Any]]:
        """The last records, newest first."""
        return list(islice(reversed(self._records), count))

    def frame(self) -> pd.DataFrame:
        """The records, one row each, oldest first."""
        from ..core.frames import frame_from

        return frame_from(Asked, list(self._records))


def body_without_secrets(body: bytes, secrets: frozenset[str]) -> str:
    """A JSON object as text without its secrets; nothing of any other body, or of a very long one."""
    if not body or len(body) > _LONGEST:
        return ""
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            return ""
        text = json.dumps(masked(value, secrets), ensure_ascii=False)
        return text.encode(errors="replace").decode()  # half a surrogate is no text to a frame
    except (ValueError, RecursionError):
        return ""


@cache
def secret_names(operation: type[Operation] | None) -> frozenset[str]:
    """The fields of an operation that are secret; for a request that is none, those of all there are."""
    return frozenset(
        name
        for one in ([operation] if operation else OPERATIONS.values())
        for name, info in one.model_fields.items()
        if is_secret(info.annotation)
    )
