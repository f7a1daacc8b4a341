"""IAM: logins, projects, and what clients ask it besides."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from ...cloud.iam import KeystoneCreateUserTokenByPassword, KeystoneListAuthProjects, KeystoneListProjects
from ..identity import Scope, Token, seal, unseal
from ..messages import Answer, Refused
from ..world import Account, token_time
from . import Call, simulates

SERVICES = ("geminidb", "gaussdb-nosql", "nosql")
"""The catalog types the service is offered under; which one the real catalog has is not known."""


@simulates(KeystoneCreateUserTokenByPassword)
def create_token(op: KeystoneCreateUserTokenByPassword, call: Call) -> Answer:
    methods = _login(op.identity, call)
    scope = _scope(op.scope or {}, call.world.account)
    token = Token(call.world.ids.number("token"), scope, call.now, methods)
    brief = "nocatalog" in dict(call.request.query)
    return Answer({"token": _described(token, call, catalog=not brief)}, {"X-Subject-Token": seal(token, call.world)})


def _login(identity: dict[str, Any], call: Call) -> tuple[str, ...]:
    """Check the login; the methods it was done with."""
    try:
        if identity["methods"] == ["token"]:
            old = unseal(str(identity["token"]["id"]), call.world)
            if old is None or old.expires <= call.now:
                raise Refused("", "The token is wrong or has ended.", status=401)
            return ("token",)
        if "password" not in list(identity["methods"]):
            raise Refused("IAM.0073", "methods: password or token.")
        user = identity["password"]["user"]
        password = user["password"]
        by_name = (user["name"], user["domain"]) if "id" not in user else None
    except (KeyError, TypeError):
        raise Refused("IAM.0072") from None
    account = call.world.account
    known = user.get("id") == account.user_id if by_name is None else _is_named(by_name, account)
    right = account.password.get_secret_value()
    same = isinstance(password, str) and hmac.compare_digest(password.encode(errors="replace"), right.encode())
    if not (known and same):
        raise Refused("", "The username or password is wrong.", status=401)
    return ("password",)


def _is_named(name_and_domain: tuple[Any, Any], account: Account) -> bool:
    name, domain = name_and_domain
    return name == account.username and _names_domain(domain, account)


def _names_domain(domain: Any, account: Account) -> bool:
    return isinstance(domain, dict) and (domain.get("id") == account.domain_id or domain.get("name") == account.domain)


def _scope(scope: dict[str, Any], account: Account) -> Scope:
    """What a token is for. A project wins over an account; nothing means the account."""
    if project := scope.get("project"):
        named = isinstance(project, dict) and (
            project.get("id") == account.project_id
            or (project.get("name") == account.project and _names_domain(project.get("domain", _own(account)), account))
        )
        if not named:
            raise Refused("IAM.0004")
        return "project"
    if (domain := scope.get("domain")) and not _names_domain(domain, account):
        raise Refused("IAM.0004")
    return "domain"


def _own(account: Account) -> dict[str, str]:
    return {"id": account.domain_id, "name": account.domain}


def _described(token: Token, call: Call, *, catalog: bool) -> dict[str, Any]:
    account = call.world.account
    described: dict[str, Any] = {
        "expires_at": token_time(token.expires),
        "issued_at": token_time(token.issued),
        "methods": list(token.methods),
        "catalog": _catalog(token.scope, call) if catalog else [],
        "roles": [{"id": "0", "name": "te_admin"}],
        "user": {
            "id": account.user_id,
            "name": account.username,
            "password_expires_at": "",
            "domain": _own(account),
        },
    }
    if token.scope == "project":
        project = {"id": account.project_id, "name": account.project, "domain": _own(account)}
        return described | {"project": project}
    return described | {"domain": _own(account)}


def _catalog(scope: Scope, call: Call) -> list[dict[str, Any]]:
    base, project = call.request.base, call.world.account.project_id
    urls = {"identity": ("iam", f"{base}/v3")}
    if scope == "project":
        urls |= {service: (service, f"{base}/v3/{project}") for service in SERVICES}
        urls |= {"vpc": ("vpc", f"{base}/v1/{project}")}
    return [
        {
            "id": call.world.ids.fixed(f"service {type_}"),
            "name": name,
            "type": type_,
            "endpoints": [
                {
                    "id": call.world.ids.fixed(f"endpoint {type_}"),
                    "interface": "public",
                    "region": call.world.region,
                    "region_id": call.world.region,
                    "url": url,
                }
            ],
        }
        for type_, (name, url) in urls.items()
    ]


@simulates(KeystoneListProjects)
def list_projects(op: KeystoneListProjects, call: Call) -> dict[str, Any]:
    account = call.world.account
    fits = (
        op.name in (None, account.project)
        and op.domain_id in (None, account.domain_id)
        and op.parent_id in (None, account.domain_id)
    )
    return _projects(call, "/v3/projects", [_project(call)] if fits else [])


@simulates(KeystoneListAuthProjects)
def list_own_projects(op: KeystoneListAuthProjects, call: Call) -> dict[str, Any]:
    return _projects(call, "/v3/auth/projects", [_project(call)])


def _projects(call: Call, path: str, projects: list[dict[str, Any]]) -> dict[str, Any]:
    return {"projects": projects, "links": _links(call, path)}


def _project(call: Call) -> dict[str, Any]:
    account = call.world.account
    return {
        "id": account.project_id,
        "name": account.project,
        "domain_id": account.domain_id,
        "parent_id": account.domain_id,
        "enabled": True,
        "is_domain": False,
        "description": "",
        "links": _links(call, f"/v3/projects/{account.project_id}"),
    }


def _links(call: Call, path: str) -> dict[str, Any]:
    return {"self": f"{call.request.base}{path}", "previous": None, "next": None}


# ------------------------------------------------- what clients ask of IAM and nobody calls from here


def show_token(call: Call) -> Answer:
    """``GET /v3/auth/tokens``: what another token says."""
    text = call.request.headers.get("x-subject-token", "")
    token = unseal(text, call.world)
    if token is None or token.expires <= call.now:
        raise Refused("", "Could not find token.", status=404)
    return Answer({"token": _described(token, call, catalog=True)}, {"X-Subject-Token": text})


def list_domains(call: Call) -> Answer:
    """``GET /v3/auth/domains``: the account of the caller."""
    account = call.world.account
    domain = {**_own(account), "enabled": True, "description": "", "links": _links(call, "/v3/domains")}
    return Answer({"domains": [domain], "links": _links(call, "/v3/auth/domains")})


EXTRA: dict[tuple[str, str], Callable[[Call], Answer]] = {
    ("GET", "/v3/auth/tokens"): show_token,
    ("GET", "/v3/auth/domains"): list_domains,
}
"""Routes of IAM that are no operations of the catalogue, by method and path."""
