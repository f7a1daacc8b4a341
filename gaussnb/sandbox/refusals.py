"""Refusals with the error codes of GaussDB NoSQL."""

from __future__ import annotations

from ..nosql.error_codes import CODES
from .engine import messages


class Refused(messages.Refused):
    """A behaviour refuses a request, with a code of the service, of the gateway or of IAM."""

    codes = CODES
