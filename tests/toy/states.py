"""The statuses of kettles, and the work on them."""

from __future__ import annotations

from gaussnb.core.service import Status, by_name

KETTLE = by_name(
    (
        Status("filling", "going"),
        Status("boiling", "ready"),
        Status("burnt", "failed", final=True),
    )
)
"""The statuses of a kettle."""

ACTIONS = {"POUR": "pouring water", "SCRAP": "throwing away"}
"""The service's words for work on a kettle, each in English."""

JOB = by_name((Status("doing", "going"), Status("done", "ready", final=True), Status("broken", "failed", final=True)))
"""The statuses of a job."""
