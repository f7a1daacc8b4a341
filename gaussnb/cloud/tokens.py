"""IAM tokens, requested once and shared by all processes of a user.

A token is valid for 24 hours and costs a login. The cache keeps tokens in memory and in one file, so that many clients,
threads, kernels and processes ask IAM once. If the file cannot be read or written, the cache works from memory.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_dir
from pydantic import SecretStr

from ..core.faces import face

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["Token", "TokenCache", "cache_key"]

_ROUNDS = 100_000
_LONGEST = timedelta(days=366)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the time until which this machine may use it.

    Attributes:
        value: the value of the header ``X-Auth-Token``.
        valid_until: epoch seconds on *this* machine's clock.
        project_id: id of the token's project, if IAM named it.
    """

    value: SecretStr
    valid_until: float
    project_id: str | None = None

    def __post_init__(self) -> None:
        # The HTTP library would quote a value that no header can carry, and no date can hold an infinite time.
        if not re.fullmatch(r"[!-~]+", self.value.get_secret_value()) or not 0 <= self.valid_until < _END_OF_TIME:
            raise ValueError("not a token")

    @classmethod
    def from_answer(
        cls, value: SecretStr, issued_at: str, expires_at: str, received: float, project_id: str | None = None
    ) -> Token:
        """Make a token from an answer of IAM.

        The clock of IAM may differ from the local clock (a sandbox can be days ahead), so only the duration counts.

        Args:
            value: value of the header ``X-Subject-Token``.
            issued_at, expires_at: ISO 8601 times of the answer.
            received: local epoch seconds when the answer came or, to be safe, when the request was sent.
            project_id: ``token.project.id`` of the answer.

        Raises:
            ValueError: the times cannot be read, or the token would end before it begins.

        >>> issued, expires = "2026-02-03T05:06:07.701000Z", "2026-02-04T05:06:07.701000Z"
        >>> Token.from_answer(SecretStr("x"), issued, expires, received=1000).valid_until
        87400.0
        """
        lifetime = min(_utc(expires_at) - _utc(issued_at), _LONGEST).total_seconds()
        if lifetime <= 0:
            raise ValueError("the token ends before it begins")
        return cls(value, received + lifetime, project_id)


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def cache_key(**parts: str | SecretStr | None) -> str:
    """Make the key of a token in the cache: a digest of the settings of its login.

    Args:
        parts: IAM endpoint, user, domain, project, …; and the password as `SecretStr`, so that a changed
            password leads to a new login. Secrets enter as slow, salted digests.

    >>> one = cache_key(iam_endpoint="https://iam.example.org", user="ann", password=SecretStr("a"))
    >>> one == cache_key(iam_endpoint="https://iam.example.org", user="ann", password=SecretStr("b"))
    False
    """
    named = {name: value for name, value in sorted(parts.items()) if isinstance(value, str)}
    salt = json.dumps(named).encode()
    for name, value in sorted(parts.items()):
        if isinstance(value, SecretStr):
            # Slow on purpose: the key is on disk and must not be a quick test for guessed passwords.
            digest = hashlib.pbkdf2_hmac("sha256", value.get_secret_value().encode(), salt, _ROUNDS)
            named[name] = digest.hex()
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()


class TokenCache:
    """Tokens in memory and in one file, safe to share between threads, processes and kernels.

    Args:
        path: the file; by default ``tokens.json`` in `GAUSSNB_CACHE_DIR` or the user's cache directory. The file
            is readable by the user only and replaced atomically.
        clock: local epoch seconds; an argument so that tests need not wait.
        margin: seconds before its end from which a token counts as expired.
        on_disk: False to keep tokens in the memory of this object only.

    >>> cache = TokenCache(Path(tempfile.mkdtemp()) / "tokens.json")
    >>> cache.get_or_issue("key", lambda: Token(SecretStr("x"), time.time() + 3600)).value
    SecretStr('**********')
    """

    def __init__(
        self,
        path: str | Path | None = None,
        clock: Callable[[], float] = time.time,
        margin: float = 300,
        on_disk: bool = True,
    ) -> None:
        chosen = os.environ.get("GAUSSNB_CACHE_DIR")
        self.path = Path(path) if path else Path(chosen or user_cache_dir("gaussnb")) / "tokens.json"
        # A directory that the user named may serve other purposes; only the default one is closed to other users.
        self._own_directory = not (path or chosen)
        self._clock = clock
        self._margin = margin
        self._on_disk = on_disk
        self._memory: dict[str, Token] = {}
        self._failures: dict[str, tuple[int, BaseException]] = {}
        self._order = itertools.count(1)  # orders arrivals and failures; next() is atomic
        self._mutex = threading.Lock()

    @face
    def __repr__(self) -> str:
        return f"TokenCache({self.path.name!r})"

    @cached_property
    def _file_lock(self) -> BaseFileLock:
        from filelock import FileLock  # imports asyncio, which takes time that not every user needs to spend

        return FileLock(self.path.with_name(self.path.name + ".lock"), mode=0o600)

    def get_or_issue(self, key: str, issue: Callable[[], Token], refused: SecretStr | None = None) -> Token:
        """Return the cached token of a key, or issue a new token.

        The lock is held while a token is issued, so that other threads and processes wait for this token and do not
        log in too.

        Args:
            key: see `cache_key`.
            issue: requests a token from IAM.
            refused: a token that the service no longer accepts. If the cache still holds this token, a new token is
                issued; if another thread has replaced the token already, that token is returned.

        Raises:
            Exception: any error of `issue`. Threads that waited for the token raise the same error and do not repeat
                the login, because too many wrong passwords lock the user.
        """
        arrival = next(self._order)
        found = self._usable(self._memory.get(key), refused)
        if found is None and (found := self._usable(self._read().get(key), refused)):
            self._memory[key] = found  # the file is replaced atomically, so reading needs no lock
        if found is not None:
            return found
        with self._exclusive():
            found = self._usable(self._memory.get(key), refused)
            if found is not None:
                return found
            failed_at, failure = self._failures.get(key, (0, None))
            if failure is not None and arrival < failed_at:
                raise failure
            stored = self._read()
            found = self._usable(stored.get(key), refused)
            if found is None:
                try:
                    found = issue()
                except Exception as error:
                    self._failures[key] = (next(self._order), error)
                    raise
                self._write({**stored, key: found})
            self._failures.pop(key, None)
            self._memory[key] = found
            return found

    def _usable(self, token: Token | None, refused: SecretStr | None) -> Token | None:
        if token is None or token.value == refused or not self._valid(token):
            return None
        return token

    def _valid(self, token: Token) -> bool:
        return token.valid_until - self._margin > self._clock()

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._mutex, ExitStack() as held:
            # Without a directory there is no file lock: this process then works from memory.
            if self._on_disk:
                with suppress(OSError, NotImplementedError):
                    self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    if self._own_directory:
                        self.path.parent.chmod(0o700)
                    held.enter_context(self._file_lock)
            yield

    def _read(self) -> dict[str, Token]:
        if not self._on_disk:
            return {}
        try:
            entries = json.loads(self.path.read_bytes())["tokens"]
            return {key: _from_json(entry) for key, entry in entries.items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}

    def _write(self, tokens: Mapping[str, Token]) -> None:
        if not self._on_disk:
            return
        valid = {key: _to_json(token) for key, token in tokens.items() if self._valid(token)}
        with suppress(OSError):
            # mkstemp gives the mode 0600 to the file while it is still empty.
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".tokens-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump({"tokens": valid}, file)
                os.replace(name, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise


def _to_json(token: Token) -> dict[str, object]:
    return {
        "value": token.value.get_secret_value(),
        "valid_until": token.valid_until,
        "project_id": token.project_id,
    }


def _from_json(entry: Mapping[str, object]) -> Token:
    value, until, project = entry["value"], entry["valid_until"], entry.get("project_id")
    if isinstance(value, str) and isinstance(until, (int, float)) and (project is None or isinstance(project, str)):
        return Token(SecretStr(value), float(until), project)
    raise ValueError("not a token")
