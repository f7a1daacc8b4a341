"""The few calls of other services that a form or a login needs, declared the same way."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # read on first use
    from ..cloud import iam
    from . import vpc

    __all__ = ["iam", "vpc"]
