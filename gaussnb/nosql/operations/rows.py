"""Rows that several chapters share."""

from __future__ import annotations

from typing import Annotated

from ...core.rows import Each, FromRequest, Row


class AboutInstance(Row):
    """A row about the instance that the request names."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance."""


class Did(Row):
    """The receipt of a change that is complete and has no result of its own."""

    operation: Annotated[str, FromRequest("operation")]
    """The operation that was carried out."""


class Done(Did):
    """The receipt of a change of an instance that is complete and has no result of its own."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance that was changed."""


class DoneEach(Did):
    """The receipt of a change of several instances that is complete and has no result of its own."""

    instance_id: Annotated[str, Each("instance_ids")]
    """The instance that was changed."""


class JobStarted(Row):
    """The receipt of work that was accepted and is going on. ``gdb.wait(frame)`` follows it."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance that is being changed."""
    job_id: str
    """The job, for ``gdb.jobs.get``. Missing for yearly and monthly instances."""
    order_id: str
    """The order, for yearly and monthly instances."""
