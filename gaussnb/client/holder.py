"""Processes as holders of reservations: which process holds one, and whether that process is still alive."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

FRESH = 600.0
"""Seconds for which a holder counts as alive that this process cannot see, after the last sign of its life."""


@dataclass(frozen=True)
class Holder:
    """A process, in words that another process can compare with the living processes."""

    host: str
    """The name of the machine."""
    boot: str
    """The id of the machine's present run; empty if the system has none."""
    space: str
    """The namespace of process ids, since two containers may use the same ids; empty if the system has none."""
    pid: int
    """The id of the process."""
    started: str
    """The start of the process, since ids are used again; empty if the system does not tell it."""

    @classmethod
    def present(cls) -> Self:
        """This process. After a fork, the child is another holder than its parent."""
        return cls(*_machine(), os.getpid(), _started(os.getpid()) or "")

    @classmethod
    def read(cls, record: Any) -> Self | None:
        """The holder of a record that :meth:`write` made; None for any other value."""
        with suppress(TypeError):
            return cls(**record)
        return None

    def write(self) -> dict[str, Any]:
        """This holder as a record of JSON."""
        return asdict(self)

    def is_alive(self, seen: float) -> bool:
        """True unless the process has certainly ended, or was silent for long on a machine that cannot be seen.

        Args:
            seen: epoch seconds of the last sign of its life.
        """
        if (self.host, self.boot, self.space) == _machine() and os.name == "posix":
            started = _started(self.pid)
            return started is not None and self.started in ("", started)
        return time.time() - seen < FRESH


@cache
def _machine() -> tuple[str, str, str]:
    boot = space = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return socket.gethostname(), boot, space


def _started(pid: int) -> str | None:
    """The start of a living process, empty if the system does not tell it; None if there is no such process."""
    if sys.platform == "linux":
        try:
            # The name of the program, in parentheses, may hold blanks. The state follows it, and as 20th the start.
            facts = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            return None if facts[0] in "ZX" else facts[19]
        except (OSError, IndexError):
            pass
    if os.name == "posix":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return None
        except OSError:
            pass  # a process of another user
    return ""
