"""IAM tokens, requested once and shared by all processes of a user; and refused logins, asked once.

A token is valid for 24 hours and costs a login. The cache keeps tokens in memory and in one file, so that many clients,
threads, kernels and processes ask IAM once. Several wrong passwords lock a user, so for a short time the cache also
remembers that IAM refused a login. If the file cannot be read, written or locked, the cache works from memory.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import re
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from platformdirs import user_cache_dir
from pydantic import SecretStr

from ..core.errors import AuthenticationError
from ..core.faces import face
from ..core.process import PerProcess, abandon, importing

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = ["Refusal", "Token", "TokenCache", "cache_key"]

REFUSED_FOR = 300.0
"""Seconds for which a refused login is not repeated by a call."""
AGAIN = 60.0
"""Seconds after which a person may repeat a refused login by ``gdb.login()``."""
LOCK_SECONDS = 15.0
"""Seconds to wait for the lock of the file. A login of another process rarely takes longer."""
_ROUNDS = 100_000
_LONGEST = timedelta(days=366)
_END_OF_TIME = datetime.max.replace(tzinfo=UTC).timestamp()
_SKEW = 60.0  # seconds by which the clocks of two machines may differ
_LARGEST = 16 * 1024 * 1024  # bytes of the file; a token has at most 32 kB


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


@dataclass(frozen=True, slots=True)
class Refusal:
    """The refusal of a login, in the words of IAM.

    Args:
        at: epoch seconds of the refusal.
        error: the arguments of the :class:`gaussnb.AuthenticationError`.
    """

    at: float
    error: Mapping[str, Any]

    @classmethod
    def of(cls, error: AuthenticationError, at: float) -> Refusal:
        """Make a refusal from the error of a login."""
        names = ("status", "error_code", "error_msg", "request_id", "operation")
        return cls(at, {name: getattr(error, name) for name in names})

    def again(self) -> AuthenticationError:
        """Make the error that repeats the words of IAM, and says when they were said."""
        said, free = (f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC" for at in (self.at, self.at + AGAIN))
        hint = (
            f"IAM said so at {said}, and was not asked again: several wrong logins lock a user. Check user, password "
            f"and account name; if they are right by now, call gdb.login() from {free} on."
        )
        return AuthenticationError(**self.error, hint=hint)

    def counts(self, now: float, life: float) -> bool:
        """True if the login is not to be repeated yet."""
        return 0 <= now - self.at < life


@dataclass(frozen=True, slots=True)
class Noted:
    """The moment at which a token was noted, on the clocks of one machine.

    Args:
        wall: epoch seconds.
        monotonic: seconds on the clock that nobody can set.
        host: the name of the machine.
    """

    wall: float
    monotonic: float
    host: str

    def age(self, now: Noted) -> float:
        """The least number of seconds that have passed; less than 0 if the clock was set back meanwhile."""
        passed = now.wall - self.wall
        # After a restart of the machine, its monotonic clock shows less than the time that has really passed.
        return max(passed, now.monotonic - self.monotonic) if now.host == self.host else passed


@dataclass(frozen=True, slots=True)
class _Kept:
    """A token, and the moment at which it was noted: a clock that is set back must not make it valid for longer."""

    token: Token
    noted: Noted

    def lasts(self, now: Noted) -> float:
        """Seconds for which the token is certainly still valid."""
        age = self.noted.age(now)
        return self.token.valid_until - self.noted.wall - max(age, 0.0) if age > -_SKEW else 0.0


@dataclass(frozen=True)
class _Stored:
    """The content of the file."""

    tokens: Mapping[str, _Kept] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)


class _Shared(PerProcess):
    """The part of a process in one file: the lock of its threads, and the refusals if the file cannot hold them."""

    def __init__(self) -> None:
        self.refusals: dict[str, Refusal] = {}
        self.patience = LOCK_SECONDS
        """Seconds to wait for the lock of the file: none while it could not be had the last time."""
        self._own()

    def _begin(self) -> None:
        self.mutex = threading.Lock()


_files: dict[Path, _Shared] = {}
_memories: weakref.WeakValueDictionary[Hashable, _Shared] = weakref.WeakValueDictionary()
"""The shared parts of the caches without a file, by their clock: the clients of one sandbox have one clock."""


class TokenCache(PerProcess):
    """Tokens in memory and in one file, safe to share between threads, processes and kernels.

    Args:
        path: the file; by default ``tokens.json`` in `GAUSSNB_CACHE_DIR` or the user's cache directory. The file
            is readable by the user only and replaced atomically.
        clock: local epoch seconds; an argument so that tests need not wait.
        margin: seconds before its end from which a token counts as expired.
        on_disk: False to keep tokens in the memory of this object only.
        monotonic: seconds on a clock that nobody can set.

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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        chosen = os.environ.get("GAUSSNB_CACHE_DIR")
        self.path = Path(path) if path else Path(chosen or user_cache_dir("gaussnb")) / "tokens.json"
        # A directory that the user named may serve other purposes; only the default one is closed to other users.
        self._own_directory = not (path or chosen)
        self._clock, self._monotonic = clock, monotonic
        self._margin = margin
        self._on_disk = on_disk
        self._memory: dict[str, _Kept] = {}
        self._failures: dict[str, tuple[int, BaseException]] = {}
        self._order = itertools.count(1)  # orders arrivals and failures; next() is atomic
        self._shared = (
            _files.setdefault(self.path.absolute(), _Shared()) if on_disk else _memories.setdefault(clock, _Shared())
        )
        self._own()

    def _begin(self) -> None:
        self._file_lock: BaseFileLock | None = None

    def _leave(self) -> None:
        abandon(self._file_lock)  # its release would end a lock that the parent holds

    @face
    def __repr__(self) -> str:
        return f"TokenCache({self.path.name!r})"

    def get_or_issue(
        self, key: str, issue: Callable[[], Token], refused: SecretStr | None = None, *, insist: bool = False
    ) -> Token:
        """Return the cached token of a key, or issue a new token.

        The lock is held while a token is issued, so that other threads and processes wait for this token and do not
        log in too.

        Args:
            key: see `cache_key`.
            issue: requests a token from IAM.
            refused: a token that the service no longer accepts. If the cache still holds this token, a new token is
                issued; if another thread has replaced the token already, that token is returned.
            insist: True if a person asks for a login. Then a refused login is repeated earlier, see :data:`AGAIN`.

        Raises:
            AuthenticationError: IAM refused the login, now or a short time ago.
            Exception: any other error of `issue`. Threads that waited for the token raise the same error and do not
                repeat the login.
        """
        arrival = next(self._order)
        found = self._usable(self._memory.get(key), refused)
        if found is None and (found := self._usable(self._read().tokens.get(key), refused)):
            self._memory[key] = found  # the file is replaced atomically, so reading needs no lock
        if found is not None:
            return found.token
        with self._exclusive():
            found = self._usable(self._memory.get(key), refused)
            if found is not None:
                return found.token
            failed_at, failure = self._failures.get(key, (0, None))
            if failure is not None and arrival < failed_at:
                raise failure
            stored = self._read()
            found = self._usable(stored.tokens.get(key), refused)
            if found is None:
                found = self._issue(key, issue, stored, AGAIN if insist else REFUSED_FOR)
            self._failures.pop(key, None)
            self._memory[key] = found
            return found.token

    def _issue(self, key: str, issue: Callable[[], Token], stored: _Stored, life: float) -> _Kept:
        """Ask IAM, unless it refused this login a short time ago; and write the outcome."""
        refusals = {**stored.refusals, **self._shared.refusals}
        if (refusal := refusals.get(key)) is not None and refusal.counts(self._clock(), life):
            raise refusal.again()
        try:
            token = issue()
        except Exception as error:
            self._failures[key] = (next(self._order), error)
            if isinstance(error, AuthenticationError) and error.own:
                self._shared.refusals[key] = Refusal.of(error, self._clock())
                self._write(replace(stored, refusals={**refusals, **self._shared.refusals}))
            raise
        kept = _Kept(token, self._now())
        self._shared.refusals.pop(key, None)
        refusals.pop(key, None)
        self._write(_Stored({**stored.tokens, key: kept}, refusals))
        return kept

    def _now(self) -> Noted:
        return Noted(self._clock(), self._monotonic(), platform.node())

    def _usable(self, kept: _Kept | None, refused: SecretStr | None) -> _Kept | None:
        if kept is None or kept.token.value == refused:
            return None
        return kept if kept.lasts(self._now()) > self._margin else None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with self._shared.mutex, ExitStack() as held:
            # Without a directory or its lock, this process works from memory.
            if self._on_disk:
                with suppress(OSError, NotImplementedError):
                    self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    if self._own_directory:
                        self.path.parent.chmod(0o700)
                    patience, self._shared.patience = self._shared.patience, 0.0
                    held.enter_context(self._lock().acquire(timeout=patience))
                    self._shared.patience = LOCK_SECONDS
            yield

    def _lock(self) -> BaseFileLock:
        if self._file_lock is None:
            with importing():
                from filelock import FileLock  # imports asyncio, which takes time that not every user needs to spend
            self._file_lock = FileLock(self.path.with_name(self.path.name + ".lock"), mode=0o600)
        return self._file_lock

    def _read(self) -> _Stored:
        try:
            # Reading a pipe or a device could wait for ever.
            if not self._on_disk or not self.path.is_file() or (stat := self.path.stat()).st_size > _LARGEST:
                return _Stored()
            if os.name == "posix" and stat.st_mode & 0o077:
                with suppress(OSError):
                    self.path.chmod(0o600)
            content = json.loads(self.path.read_bytes())
            return _Stored(
                {key: _from_json(entry) for key, entry in content["tokens"].items()},
                {key: _refusal(entry) for key, entry in content.get("refusals", {}).items()},
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return _Stored()

    def _write(self, content: _Stored) -> None:
        if not self._on_disk:
            return
        now = self._now()
        tokens = {key: _to_json(kept) for key, kept in content.tokens.items() if kept.lasts(now) > self._margin}
        refusals = {key: asdict(each) for key, each in content.refusals.items() if each.counts(now.wall, REFUSED_FOR)}
        with suppress(OSError):
            # mkstemp gives the mode 0600 to the file while it is still empty.
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".tokens-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump({"tokens": tokens, "refusals": refusals}, file)
                os.replace(name, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise


def _to_json(kept: _Kept) -> dict[str, object]:
    return {
        "value": kept.token.value.get_secret_value(),
        "valid_until": kept.token.valid_until,
        "project_id": kept.token.project_id,
        "noted": asdict(kept.noted),
    }


def _from_json(entry: Mapping[str, Any]) -> _Kept:
    value, until, project = entry["value"], entry["valid_until"], entry.get("project_id")
    if isinstance(value, str) and isinstance(until, (int, float)) and (project is None or isinstance(project, str)):
        return _Kept(Token(SecretStr(value), float(until), project), _noted(**entry["noted"]))
    raise ValueError("not a token")


def _noted(wall: float, monotonic: float, host: str) -> Noted:
    return Noted(float(wall), float(monotonic), str(host))


def _refusal(entry: Mapping[str, Any]) -> Refusal:
    """Read a refusal, and try that its error can be made."""
    refusal = Refusal(float(entry["at"]), entry["error"])
    refusal.again()
    return refusal
