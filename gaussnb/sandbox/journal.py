"""What was asked of the sandbox, secrets masked before they are kept."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from ..spec import OPERATIONS, Row, is_secret

if TYPE_CHECKING:
    import pandas as pd

MASK = "***"
_TELLING = re.compile(r"passw|secret|token|^sk$|private_key|passcode|totp", re.IGNORECASE)


class Asked(Row):
    """One request the sandbox got."""

    time: datetime
    """When, on the sandbox's clock."""
    method: str
    """GET, POST, PUT or DELETE."""
    path: str
    """Path and query, as sent."""
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
    """The JSON body, secrets masked; other bodies are not kept."""


class Journal:
    """The last requests."""

    def __init__(self, keep: int = 10_000) -> None:
        self._records: deque[dict[str, Any]] = deque(maxlen=keep)

    def add(self, **record: Any) -> None:
        """Keep a record; its ``body`` is bytes and is masked here."""
        self._records.append({**record, "body": masked(record["body"])})

    def frame(self) -> pd.DataFrame:
        """The records, one row each, oldest first."""
        from ..frame import frame_from

        return frame_from(Asked, list(self._records))


def masked(body: bytes) -> str:
    """A JSON body as text without its secrets; nothing of any other body."""
    if not body:
        return ""
    try:
        text = json.dumps(_masked(json.loads(body), _secret_names()), ensure_ascii=False)
        return text.encode(errors="replace").decode()  # half a surrogate is no text to a frame
    except (ValueError, RecursionError):
        return ""


def _masked(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: MASK if _hides(key, item, names) else _masked(item, names) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, names) for item in value]
    return value


def _hides(key: str, value: Any, names: frozenset[str]) -> bool:
    if key == "password" and isinstance(value, dict):
        return False  # the outline of a login, `{"password": {"user": …}}`
    return key in names or _TELLING.search(key) is not None


@cache
def _secret_names() -> frozenset[str]:
    return frozenset(
        name
        for operation in OPERATIONS.values()
        for name, info in operation.model_fields.items()
        if is_secret(info.annotation)
    )
