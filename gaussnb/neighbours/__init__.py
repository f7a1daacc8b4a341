"""Operations of other services of the cloud that a form needs, declared like those of the client's own service."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # read on first use
    from ..cloud import iam
    from . import vpc

    __all__ = ["iam", "vpc"]
