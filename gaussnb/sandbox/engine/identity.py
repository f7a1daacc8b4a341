"""Authentication: tokens and signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import asdict, dataclass
from typing import Literal

from ...cloud import signature as signing
from .messages import Refused, Request
from .tables import State

LIFETIME = 24 * 3600
Scope = Literal["project", "domain"]
_LENGTH = 1500  # the length of real tokens, so that clients meet it here first


@dataclass(frozen=True)
class Token:
    """The content of a token. Its text carries a seal, so the sandbox stores no tokens."""

    number: int
    scope: Scope
    issued: float
    methods: tuple[str, ...] = ("password",)

    @property
    def expires(self) -> float:
        return self.issued + LIFETIME


@dataclass(frozen=True)
class Caller:
    """An authenticated caller."""

    project_id: str | None
    """The project the caller may work in; None for a token of a whole account."""


def seal(token: Token, world: State) -> str:
    """The text of a token: its content, filled up to the usual length, and a seal."""
    said = json.dumps(asdict(token)).encode()
    body = base64.urlsafe_b64encode(said.ljust(_LENGTH)).decode().rstrip("=")
    return f"MII{body}{_seal(body, world)}"


def unseal(text: str, world: State) -> Token | None:
    """The content of a token; None when this sandbox did not issue it."""
    body, proof = text[3:-64], text[-64:]
    if not (text.isascii() and hmac.compare_digest(proof, _seal(body, world))):
        return None
    said = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return Token(**{**said, "methods": tuple(said["methods"])})


def _seal(body: str, world: State) -> str:
    return hmac.new(world.ids.fixed("token key").encode(), body.encode(), hashlib.sha256).hexdigest()


# ----------------------------------------------------------------------------------- authentication


def authenticate(request: Request, world: State, now: float) -> Caller:
    """Authenticate the caller of a request by its token or its signature.

    Raises:
        Refused: with the gateway's code, when neither is valid.
    """
    text = request.headers.get("x-auth-token", "")
    if text:
        return _token_holder(text, world, now)
    if "authorization" in request.headers:
        return _signer(request, world, now)
    raise Refused("APIGW.0301", "Neither a token nor a signature was sent.")


def _token_holder(text: str, world: State, now: float) -> Caller:
    token = unseal(text, world)
    if token is None:
        raise Refused("APIGW.0301", "The token cannot be read.")
    if token.expires <= now:
        raise Refused("APIGW.0307")
    return Caller(world.account.project_id if token.scope == "project" else None)


def _signer(request: Request, world: State, now: float) -> Caller:
    account = world.account
    problem: str | None = None
    for moment in (time.time(), now):  # the caller's clock may be the real one or the sandbox's
        problem = signing.verify(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
            secret_of={account.ak: account.sk.get_secret_value()}.get,
            now=moment,
        )
        if problem is None:
            return Caller(account.project_id)
    raise Refused("APIGW.0301", f"{problem}.")
