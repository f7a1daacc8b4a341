"""The few calls of other services that a form or a login needs, declared the same way."""

from . import iam, vpc

__all__ = ["iam", "vpc"]
