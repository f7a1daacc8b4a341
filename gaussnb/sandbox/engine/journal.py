"""The journal: the last requests to the sandbox. Secrets are masked before a request is stored."""

from __future__ import annotations

import json
from collections import deque
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

from ...core.catalogue import Catalogue
from ...core.frames import frame_from
from ...core.operation import Operation
from ...core.rows import Row
from ...core.rules import is_secret
from ...core.secrets import KnownSecrets, find, mask, masked

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 65_536  # bytes of a body that is kept


class JournalEntry(Row):
    """One request to the sandbox."""

    time: datetime
    """The moment on the sandbox's clock."""
    method: str
    """GET, POST, PUT or DELETE."""
    path: str
    """Path and query, as sent, secrets masked."""
    operation: str
    """The operation; empty for an unknown one."""
    status: int
    """The HTTP status of the answer; missing when the connection was dropped."""
    error_code: str
    """The error code of the answer, empty for a success."""
    request_id: str
    """The request id of the answer."""
    seconds: float
    """The real seconds that making the answer took."""
    body: Annotated[str, "JSON"]
    """The JSON object in the body, secrets masked; other bodies, and very long ones, are not kept."""


class Journal:
    """The last requests.

    Args:
        catalogue: the operations; their secret fields are masked.
        known: secrets that are masked wherever they stand. The secrets of each request are added.
        keep: the number of requests.
    """

    def __init__(self, catalogue: Catalogue, known: KnownSecrets, keep: int = 10_000) -> None:
        self._catalogue = catalogue
        self._known = known
        self._secrets: dict[str, frozenset[str]] = {}
        self._records: deque[dict[str, Any]] = deque(maxlen=keep)

    def add(self, operation: type[Operation] | None, path: str, body: bytes, **record: Any) -> None:
        """Store a request, with its path and its body masked.

        Args:
            operation: the operation of the request; None for an unknown one.
            path: the path and the query, as sent.
            body: the body of the request.
            record: the other fields of a :class:`JournalEntry`.
        """
        id = operation.route.id if operation else ""
        text = self._body_without_secrets(body, self._secret_names(id, operation)) if body else ""
        self._known.add(*find(dict(parse_qsl(path.partition("?")[2]))))
        told = {name: self._known.mask(value) if isinstance(value, str) else value for name, value in record.items()}
        self._records.append({**told, "operation": id, "path": self._known.mask(mask(path)), "body": text})

    def _secret_names(self, id: str, operation: type[Operation] | None) -> frozenset[str]:
        """The names of the secret fields of an operation; of all operations for an unknown request."""
        if id not in self._secrets:
            self._secrets[id] = frozenset(
                name
                for one in ([operation] if operation else self._catalogue.values())
                for name, info in one.model_fields.items()
                if is_secret(info.annotation)
            )
        return self._secrets[id]

    def __len__(self) -> int:
        return len(self._records)

    def newest(self, count: int) -> list[dict[str, Any]]:
        """The last requests, newest first."""
        return list(islice(reversed(self._records), count))

    def frame(self) -> pd.DataFrame:
        """The requests, one row each, oldest first."""
        return frame_from(JournalEntry, list(self._records))

    def _body_without_secrets(self, body: bytes, names: frozenset[str]) -> str:
        """A JSON object as text with its secrets masked; an empty text for any other body, and for a very long one."""
        if not body or len(body) > _LONGEST:
            return ""
        try:
            value = json.loads(body)
            if not isinstance(value, dict):
                return ""
            self._known.add(*find(value, names))
            text = json.dumps(self._known.mask_value(masked(value, names)), ensure_ascii=False)
            return text.encode(errors="replace").decode()  # a frame cannot hold half a surrogate
        except (ValueError, RecursionError):
            return ""
