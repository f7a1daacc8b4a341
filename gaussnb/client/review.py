"""The facts that a person should know before a change is sent."""

from __future__ import annotations

from ..core.errors import GaussnbError, NotFound
from ..core.methods import Sender
from ..core.operation import Operation
from ..core.service import Service


def facts_about(operation: Operation, service: Service, sender: Sender) -> dict[str, str]:
    """Collect the facts about the price of a creation, or about the thing that a change would meet.

    Args:
        operation: the operation that is about to be sent.
        service: knows the price, and finds the thing.
        sender: sends the look-up.

    Returns:
        Words by the name of the fact.

    Raises:
        NotFound: the thing does not exist.
    """
    if operation.route.creates:
        return dict(service.review(operation))
    id = getattr(operation, service.thing_column, "")
    if not id or service.find is None:
        return {}
    try:
        thing = service.find(sender, id)
    except NotFound:
        raise  # the change would meet nothing
    except GaussnbError as error:  # a user without the permission to list may still change a thing
        return {service.noun: f"{id}; nothing more is known: {error}"}
    return {"name": str(thing["name"].item()), "status": str(thing["status"].item())}
