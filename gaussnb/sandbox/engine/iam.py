"""IAM: logins and projects, the same for every service."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any

from ...cloud.iam import KeystoneCreateUserTokenByPassword, KeystoneListAuthProjects, KeystoneListProjects
from .behaviours import Behaviours, Context
from .identity import Scope, Token, seal, unseal
from .messages import Answer, Refused
from .tables import Account, token_time

IAM = Behaviours()
"""The behaviours of IAM. The application has them besides those of its service."""
simulates = IAM.simulates


@simulates(KeystoneCreateUserTokenByPassword)
def create_token(op: KeystoneCreateUserTokenByPassword, context: Context) -> Answer:
    methods = _login(op.identity, context)
    scope = _scope(op.scope or {}, context.world.account)
    token = Token(context.world.ids.number("token"), scope, context.now, methods)
    brief = "nocatalog" in dict(context.request.query)
    return Answer(
        {"token": _described(token, context, catalog=not brief)}, {"X-Subject-Token": seal(token, context.world)}
    )


def _login(identity: dict[str, Any], context: Context) -> tuple[str, ...]:
    """Check the login; the methods that were used."""
    try:
        if identity["methods"] == ["token"]:
            old = unseal(str(identity["token"]["id"]), context.world)
            if old is None or old.expires <= context.now:
                raise Refused("", "The token is wrong or has ended.", status=401)
            return ("token",)
        if "password" not in list(identity["methods"]):
            raise Refused("IAM.0073", "methods: password or token.")
        user = identity["password"]["user"]
        password = user["password"]
        by_name = (user["name"], user["domain"]) if "id" not in user else None
    except (KeyError, TypeError):
        raise Refused("IAM.0072") from None
    account = context.world.account
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
    """The scope of a token. A project goes before an account; without a scope it is the account."""
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


def _described(token: Token, context: Context, *, catalog: bool) -> dict[str, Any]:
    account = context.world.account
    described: dict[str, Any] = {
        "expires_at": token_time(token.expires),
        "issued_at": token_time(token.issued),
        "methods": list(token.methods),
        "catalog": _catalog(token.scope, context) if catalog else [],
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


def _catalog(scope: Scope, context: Context) -> list[dict[str, Any]]:
    base, project = context.request.base, context.world.account.project_id
    urls = {"identity": ("iam", f"{base}/v3")}
    if scope == "project":
        urls |= {type_: (type_, f"{base}/{version}/{project}") for type_, version in context.endpoints.items()}
    return [
        {
            "id": context.world.ids.fixed(f"service {type_}"),
            "name": name,
            "type": type_,
            "endpoints": [
                {
                    "id": context.world.ids.fixed(f"endpoint {type_}"),
                    "interface": "public",
                    "region": context.world.region,
                    "region_id": context.world.region,
                    "url": url,
                }
            ],
        }
        for type_, (name, url) in urls.items()
    ]


@simulates(KeystoneListProjects)
def list_projects(op: KeystoneListProjects, context: Context) -> dict[str, Any]:
    account = context.world.account
    fits = (
        op.name in (None, account.project)
        and op.domain_id in (None, account.domain_id)
        and op.parent_id in (None, account.domain_id)
    )
    return _projects(context, "/v3/projects", [_project(context)] if fits else [])


@simulates(KeystoneListAuthProjects)
def list_own_projects(op: KeystoneListAuthProjects, context: Context) -> dict[str, Any]:
    return _projects(context, "/v3/auth/projects", [_project(context)])


def _projects(context: Context, path: str, projects: list[dict[str, Any]]) -> dict[str, Any]:
    return {"projects": projects, "links": _links(context, path)}


def _project(context: Context) -> dict[str, Any]:
    account = context.world.account
    return {
        "id": account.project_id,
        "name": account.project,
        "domain_id": account.domain_id,
        "parent_id": account.domain_id,
        "enabled": True,
        "is_domain": False,
        "description": "",
        "links": _links(context, f"/v3/projects/{account.project_id}"),
    }


def _links(context: Context, path: str) -> dict[str, Any]:
    return {"self": f"{context.request.base}{path}", "previous": None, "next": None}


# ------------------------------------------------- routes that other clients call, and that are not declared


def show_token(context: Context) -> Answer:
    """``GET /v3/auth/tokens``: the content of another token."""
    text = context.request.headers.get("x-subject-token", "")
    token = unseal(text, context.world)
    if token is None or token.expires <= context.now:
        raise Refused("", "Could not find token.", status=404)
    return Answer({"token": _described(token, context, catalog=True)}, {"X-Subject-Token": text})


def list_domains(context: Context) -> Answer:
    """``GET /v3/auth/domains``: the account of the caller."""
    account = context.world.account
    domain = {**_own(account), "enabled": True, "description": "", "links": _links(context, "/v3/domains")}
    return Answer({"domains": [domain], "links": _links(context, "/v3/auth/domains")})


EXTRA: dict[tuple[str, str], Callable[[Context], Answer]] = {
    ("GET", "/v3/auth/tokens"): show_token,
    ("GET", "/v3/auth/domains"): list_domains,
}
"""Routes of IAM that are not declared as operations, by method and path."""
