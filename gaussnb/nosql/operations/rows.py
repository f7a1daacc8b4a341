"""Rows that several chapters answer with."""

from __future__ import annotations

from typing import Annotated

from ...core.rows import Each, FromRequest, Row


class AboutInstance(Row):
    """What an answer tells about the instance that was asked about."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance."""


class Did(Row):
    """The receipt of a change that is complete and has nothing more to say."""

    operation: Annotated[str, FromRequest("operation")]
    """What was done."""


class Done(Did):
    """The receipt of a change of an instance that is complete and has nothing more to say."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """To which instance."""


class DoneEach(Did):
    """The receipt of a change of several instances that is complete and has nothing more to say."""

    instance_id: Annotated[str, Each("instance_ids")]
    """To which instance."""


class JobStarted(Row):
    """The receipt of work that was accepted and goes on. ``gdb.wait(frame)`` follows it."""

    instance_id: Annotated[str, FromRequest("instance_id")]
    """The instance that is worked on."""
    job_id: str
    """The job, for ``gdb.jobs.get``. Missing for yearly and monthly instances."""
    order_id: str
    """The order, for yearly and monthly instances."""
