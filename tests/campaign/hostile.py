"""Hostile inputs for everything that reads: a million of them, and only documented errors may come out.

Most inputs are made by plain generators from a seed, since they cost a microsecond. hypothesis adds values of its own,
and so does atheris, which follows the branches of a parser, where it is installed. An example in a figure names
subject, seed and number: :func:`repeat` makes the same input again.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from gaussnb import InstanceSpec, quickstart
from gaussnb.client.ledger import Ledger
from gaussnb.client.pages import read_all
from gaussnb.client.tables import read_operations
from gaussnb.cloud.credentials import find_credentials, report_sources
from gaussnb.cloud.regions import Region, check_endpoint, is_loopback, place_of
from gaussnb.cloud.tokens import Token, TokenCache
from gaussnb.cloud.transport import Reply, _retry_after
from gaussnb.core.answers import Columns
from gaussnb.core.errors import BadAnswer, CredentialsError, GaussnbError, InvalidRows
from gaussnb.core.frames import frame_of, frame_of_json
from gaussnb.core.operation import Operation
from gaussnb.core.refusals import is_own_answer
from gaussnb.core.secrets import mask
from gaussnb.core.wire import json_of, query_of, request_of
from gaussnb.nosql.service import OPERATIONS, SERVICE
from gaussnb.sandbox import Sandbox, worldfile
from gaussnb.sandbox.engine.messages import Request

from .figures import Figure

PART = "hostile"
Chance = random.Random
Typed = tuple[type[BaseException], ...]

# ------------------------------------------------------------------------------------------------- what is hostile

TEXTS = [
    "", " ", "\0", "\n", "\r\n", "\t", "\ud800", "\udcff\ud83d", "é", "名" * 40, "٣", "\u202e", "\ufeff", "\x1b[31m",
    "0", "-1", "1e9", "NaN", "Infinity", "0x10", "1_000", "9" * 30, "9" * 5000, "true", "None", "null",
    "{}", "[]", "'", '"',
    "%", "%00", "%s", "{0}", "{project_id}", "${HOME}", "../..", "/", "\\", "*", "?", "#", "&", "=",
    ";", ":", "@", "<b>",
    "2026-01-01T00:00:00+0000", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "24:00-25:00",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "http://127.0.0.1", "https://iam.cn-north-4.myhuaweicloud.com", "https://[::1", "https://a:b@c",
    "//", "localhost", "::1",
    "https://EVILmyhuaweicloud.com:99999", "a" * 32 + "in06", "x" * 300, "cassandra", "redis",
    "Cluster", "password", "sk",
    "cn-north-4", "eu-west-101", "ru-moscow-1",
]  # fmt: skip
NUMBERS: list[Any] = [
    0,
    -1,
    1,
    2**31,
    2**63,
    2**64,
    -(2**63) - 1,
    10**30,
    10**400,
    0.5,
    1e300,
    float("inf"),
    float("nan"),
    -0.0,
]
NAMES = [
    "id", "name", "status", "instances", "total_count", "count", "error_code", "error_msg", "errCode",
    "message", "error",
    "request_id", "code", "job_id", "datastore", "type", "version", "flavor", "num", "volume", "size",
    "password", "token",
    "project", "expires_at", "issued_at", "offset", "limit", "marker", "line_num", "slow_logs", "nodes",
    "groups", "tags", "key",
    "value", "created", "updated", "port", "", "é", "\0", "a.b", "*",
]  # fmt: skip


def text(chance: Chance) -> str:
    """A text that somebody might have forgotten."""
    kind = chance.random()
    if kind < 0.6:
        return chance.choice(TEXTS)
    if kind < 0.9:
        return "".join(chance.choices(TEXTS[:40], k=chance.randrange(1, 5)))
    return "".join(map(chr, chance.choices(range(0x300), k=chance.randrange(12))))


def value(chance: Chance, depth: int = 3) -> Any:
    """A JSON value of any kind."""
    kind = chance.random()
    if kind < 0.35 or depth == 0:
        return text(chance)
    if kind < 0.55:
        return chance.choice(NUMBERS)
    if kind < 0.65:
        return chance.choice((None, True, False))
    if kind < 0.8:
        return [value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind < 0.98:
        return {chance.choice(NAMES): value(chance, depth - 1) for _ in range(chance.randrange(5))}
    nested: Any = "deep"
    for _ in range(chance.choice((50, 150, 400))):
        nested = [nested] if chance.random() < 0.5 else {"a": nested}
    return nested


def body(chance: Chance, whole: Any = None) -> bytes:
    """The body of an answer or of a request: JSON, often damaged."""
    made = value(chance) if whole is None else whole
    try:
        data = json.dumps(made, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        data = b"{"
    return noise(chance, data) if chance.random() < 0.4 else data


def noise(chance: Chance, data: bytes) -> bytes:
    """The same bytes, damaged: cut, doubled, swapped, with bytes that do not belong there."""
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.random()
        if kind < 0.3:
            del changed[at:]
        elif kind < 0.5:
            del changed[at : at + chance.randrange(1, 9)]
        elif kind < 0.8:
            changed[at:at] = chance.choice(
                (b"\0", b"\xff", b"\xed\xa0\x80", b'"', b"{", b"[" * 500, b"\\u", b"1" * 50, b"\n", b",")
            )
        else:
            changed[at:at] = bytes(chance.choices(range(256), k=3))
    return bytes(changed)


def places(whole: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if path:
        yield path
    for key, item in whole.items() if isinstance(whole, dict) else enumerate(whole) if isinstance(whole, list) else ():
        yield from places(item, (*path, key))


def changed(chance: Chance, whole: Any) -> Any:
    """A JSON value with one to three other parts."""
    made = json.loads(json.dumps(whole))
    for _ in range(chance.randrange(1, 4)):
        everywhere = list(places(made))
        if not everywhere:
            return value(chance)
        holder, path = made, chance.choice(everywhere)
        for key in path[:-1]:
            holder = holder[key]
        kind = chance.random()
        if kind < 0.2:
            del holder[path[-1]]
        elif kind < 0.3 and isinstance(holder, dict):
            holder[chance.choice(NAMES)] = value(chance)
        else:
            holder[path[-1]] = value(chance)
    return made


# ------------------------------------------------------------------------------------------------------ who reads it


@dataclass(frozen=True)
class Subject:
    """One reader of inputs.

    Args:
        what: the words of the figure.
        count: inputs at full size.
        run: makes one input and reads it.
        typed: the documented errors.
    """

    what: str
    count: int
    run: Callable[[Chance], None]
    typed: Typed = (GaussnbError,)


UNTYPED = (UnicodeError, json.JSONDecodeError)
"""Kinds of ``ValueError`` of libraries, which quote what they read."""


def fault(subject: Subject, chance: Chance) -> str:
    """Describe the undocumented error of one input; empty if there is none."""
    try:
        subject.run(chance)
    except subject.typed as error:
        return f"{type(error).__name__}" if isinstance(error, UNTYPED) else ""
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]!r}"
    return ""


def _endpoints(chance: Chance) -> None:
    address = (
        text(chance)
        if chance.random() < 0.5
        else f"{chance.choice(('https://', 'http://', '//', ''))}{text(chance)}{text(chance)}"
    )
    is_loopback(address)
    place_of(address)
    Region("cn-north-4").has(address)
    check_endpoint(address)


def _headers(chance: Chance) -> None:
    seconds = _retry_after({"Retry-After": text(chance), "Date": text(chance)}, 1e9)
    assert seconds is None or 0 <= seconds <= 300


def _error_bodies(chance: Chance) -> None:
    status, headers = (
        chance.choice((0, 200, 302, 400, 401, 403, 404, 409, 429, 500, 501, 503, 999)),
        {"X-Request-Id": text(chance)},
    )
    data = body(chance)
    error = SERVICE.codes.error_from_answer(status, headers, data, "ListInstances")
    is_own_answer(status, headers, data)
    assert str(error) and repr(error) and str(error).isprintable()


@cache
def _operations() -> list[type[Operation]]:
    return sorted(OPERATIONS.values(), key=lambda each: each.route.id)


def _answer(chance: Chance) -> tuple[type[Operation], bytes]:
    operation = chance.choice(_operations())
    row, made = operation.route.returns, value(chance)
    if row.at and chance.random() < 0.8:
        for key in reversed(row.at.split("|")[0].split(".")):
            made = {key: made}
        made["total_count"] = value(chance, 0)
    return operation, body(chance, made)


def _answers(chance: Chance) -> None:
    operation, data = _answer(chance)
    reply = Reply(200, {}, data, operation.route.id)
    page = reply.page(operation.route.returns, operation.route.total)
    Columns(operation.route.returns).add(page.answer)


def _frames(chance: Chance) -> None:
    operation, data = _answer(chance)
    row = operation.route.returns
    page = Reply(200, {}, data, operation.route.id).page(row, operation.route.total)
    frame = frame_of(read_all(row, {}, None, page, lambda reads: iter(())).columns, {"operation": "x"}, unique="id")
    assert len(frame) >= 0


def _any_frames(chance: Chance) -> None:
    frame_of_json(Reply(200, {}, body(chance), "GET /x").json(), {"operation": "GET /x"})


@cache
def _spec() -> dict[str, Any]:
    return {**quickstart.body("cn-north-4"), "password": "Aa1!Aa1!Canary"}


def _specs(chance: Chance) -> None:
    made = changed(chance, _spec())
    spec = InstanceSpec(**made) if isinstance(made, dict) else InstanceSpec.model_validate(made)
    json.dumps(spec.wire())


def _fields(chance: Chance) -> None:
    kind = chance.choice(_operations())
    names = list(kind.model_fields)
    given = {name: value(chance) for name in chance.sample(names, chance.randrange(len(names) + 1))}
    made = kind.model_validate(given)
    assert request_of(made, "p").target


def _requests(chance: Chance) -> None:
    held = value(chance)
    query_of({text(chance): held, "a": [value(chance, 0)]})
    json_of(held)


def _masks(chance: Chance) -> None:
    assert isinstance(mask(text(chance) + json.dumps(value(chance, 1)) + text(chance)), str)


def _tables(chance: Chance) -> None:
    rows = [changed(chance, _spec()) if chance.random() < 0.8 else value(chance) for _ in range(2)]
    read_operations(InstanceSpec, rows)


def _environ(chance: Chance) -> dict[str, str]:
    return {name: text(chance) for name in chance.sample(VARIABLES, chance.randrange(1, 12))}


VARIABLES = [
    *(f"HW_{name}" for name in ("AUTH_TOKEN", "ACCESS_KEY", "SECRET_KEY", "USER_NAME", "USER_PASSWORD", "DOMAIN_NAME")),
    *(f"HW_{name}" for name in ("REGION_NAME", "PROJECT_ID", "PROJECT_NAME", "AUTH_URL", "CLOUD", "SECURITY_TOKEN")),
    *(f"OS_{name}" for name in ("AUTH_TOKEN", "USERNAME", "PASSWORD", "USER_DOMAIN_NAME")),
    *(f"OS_{name}" for name in ("REGION_NAME", "AUTH_URL", "CLOUD")),
    *(f"HUAWEICLOUD_SDK_{name}" for name in ("AK", "SK", "IAM_ENDPOINT", "PROJECT_ID", "CREDENTIALS_FILE")),
    *("HUAWEICLOUD_SDK_REGION_GAUSSDBFORNOSQL_CN_NORTH_4", "GAUSSNB_PROFILES", "BINDER_SERVICE_HOST"),
]  # fmt: skip


def _credentials(chance: Chance) -> None:
    find_credentials(None, {**_nowhere(), **_environ(chance)}, "/nonexistent", service=SERVICE)


def _nowhere() -> dict[str, str]:
    return {"GAUSSNB_PROFILES": "/nonexistent/profiles.toml"}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="hostile-")


def _file(name: str, data: bytes) -> Path:
    path = Path(_folder().name) / name
    path.write_bytes(data)
    return path


TOML = b"""
default = "work"
[work]
username = "u"
password = "p"
domain = "d"
region = "cn-north-4"
[profiles.a]
ak = "a"
sk = "s"
"""
INI = (
    b"[basic]\nak = a\nsk = s\nproject_id = p\niam_endpoint = https://iam.myhuaweicloud.com\n[global]\ndomain_id = d\n"
)


def _files(chance: Chance) -> None:
    toml, ini = _file("profiles.toml", noise(chance, TOML)), _file("credentials", noise(chance, INI))
    environ = {
        "GAUSSNB_PROFILES": str(toml),
        "HUAWEICLOUD_SDK_CREDENTIALS_FILE": str(ini),
        "HW_REGION_NAME": "cn-north-4",
    }
    report_sources(None, environ, _folder().name, service=SERVICE)
    find_credentials(chance.choice((None, "work", "a", "é")), environ, _folder().name, service=SERVICE)


def _token_files(chance: Chance) -> None:
    whole = {"tokens": {"key": {"value": "t", "valid_until": 2e9, "project_id": "p"}}}
    path = _file("tokens.json", body(chance, changed(chance, whole)))
    made = TokenCache(path, clock=lambda: 1e9).get_or_issue("key", lambda: Token(SecretStr("new"), 2e9))
    assert made.value.get_secret_value().isprintable()


def _tokens(chance: Chance) -> None:
    token = Token.from_answer(SecretStr(text(chance)), text(chance), text(chance), 1e9, text(chance) or None)
    assert token.valid_until > 0


@cache
def _world() -> bytes:
    with Sandbox(port=None, start="2026-02-03T04:05:06", speed=1e6) as sandbox, sandbox.connect() as gdb:
        gdb.instances.create(InstanceSpec(**_spec()))
        sandbox.advance(3600)
        path = Path(_folder().name) / "world.json"
        sandbox.export(path)
    return path.read_bytes()


def _worlds(chance: Chance) -> None:
    worldfile.read(_file("read.json", noise(chance, _world())))


def _whole_worlds(chance: Chance) -> None:
    made = json.dumps(changed(chance, json.loads(_world()))).encode("utf-8", "surrogatepass")
    with Sandbox(port=None, start="2026-02-03T04:05:06", world=_file("fill.json", made)):
        pass


@cache
def _ledger() -> bytes:
    path = Path(_folder().name) / "whole.sqlite"
    _write_entry(Ledger(path))
    return path.read_bytes()


def _write_entry(ledger: Ledger) -> None:
    try:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        key = ledger.begin(
            at=at, endpoint="https://a", project_id="p", operation="CreateInstance", name="n", digest="d"
        )
        ledger.end(key, "accepted", id="i")
        ledger.entries("https://a", "p")
    finally:
        ledger.close()


def _ledgers(chance: Chance) -> None:
    path = _file("ledger.sqlite", noise(chance, _ledger()))
    try:
        _write_entry(Ledger(path))
    finally:
        for each in Path(_folder().name).glob("ledger.sqlite*"):
            each.unlink()


@cache
def _sandbox() -> tuple[Sandbox, dict[str, str]]:
    sandbox = Sandbox(port=None, start="2026-02-03T04:05:06", speed=1e6).start()
    with sandbox.connect() as gdb:
        gdb.instances.create(InstanceSpec(**_spec()))
        token = gdb._access.auth.token.value.get_secret_value()  # type: ignore[attr-defined]
    sandbox.advance(3600)
    return sandbox, {"x-auth-token": token, "host": "127.0.0.1:1", "content-type": "application/json"}


def _sandbox_requests(chance: Chance) -> None:
    sandbox, headers = _sandbox()
    route = chance.choice(_operations()).route
    holes = {hole: sandbox.project_id if hole == "project_id" else _in_path(text(chance)) for hole in route.holes}
    target = route.path.format_map(holes) if chance.random() < 0.8 else "/" + _in_path(text(chance))
    if chance.random() < 0.4:
        target += f"?{chance.choice(NAMES)}={_in_path(text(chance))}&limit={_in_path(text(chance))}"
    odd = (
        {chance.choice((*headers, "accept", "x-sdk-date", "authorization")): text(chance)}
        if chance.random() < 0.2
        else {}
    )
    method = route.method if chance.random() < 0.9 else chance.choice(("GET", "POST", "PATCH", "BREW", ""))
    made = changed(chance, _spec()) if route.id == "CreateInstance" else None
    answered = sandbox._app.handle(Request(method, target, {**headers, **odd}, body(chance, made)))
    if answered.status >= 500 and answered.status != 501:
        raise RuntimeError(f"the sandbox answers {answered.status} to {method} {target[:80]}")


def _in_path(word: str) -> str:
    return quote(word, safe="", errors="surrogatepass")


SUBJECTS = [
    Subject("addresses", 200_000, _endpoints, (CredentialsError,)),
    Subject("headers", 300_000, _headers, ()),
    Subject("answers of errors", 40_000, _error_bodies, ()),
    Subject("answers of every operation", 90_000, _answers, (BadAnswer,)),
    Subject("frames of answers", 3_000, _frames, (BadAnswer,)),
    Subject("frames of any JSON", 2_000, _any_frames, (BadAnswer,)),
    Subject("specs", 25_000, _specs, (ValidationError, TypeError)),
    Subject("fields of every operation", 80_000, _fields, (ValidationError, GaussnbError)),
    Subject("parts of requests", 70_000, _requests, (GaussnbError,)),
    Subject("texts to mask", 20_000, _masks, ()),
    Subject("rows of tables", 2_000, _tables, (InvalidRows,)),
    Subject("variables", 50_000, _credentials, (CredentialsError,)),
    Subject("times of tokens", 90_000, _tokens, (ValueError,)),
    Subject("files of credentials", 4_000, _files, (CredentialsError,)),
    Subject("files of tokens", 3_000, _token_files, ()),
    Subject("files of worlds", 5_000, _worlds, (ValueError,)),
    Subject("worlds with other values", 500, _whole_worlds, (ValueError,)),
    Subject("files of ledgers", 500, _ledgers, (GaussnbError,)),
    Subject("requests to the sandbox", 13_000, _sandbox_requests, ()),
]
"""The readers, and how many inputs each of them gets at full size; with hypothesis they are a million."""

DRAWN = 2_000
"""Inputs that hypothesis draws at full size."""
FUZZED = 200_000
"""Inputs of atheris at full size, where it is installed; they come on top of the million."""


def repeat(what: str, seed: int, number: int) -> None:
    """Make one input again, and raise what it raised."""
    subject = next(each for each in SUBJECTS if each.what == what)
    subject.run(Chance(f"{seed}/{what}/{number}"))


def run(size: float = 1.0, seed: int = 0) -> list[Figure]:
    """Give every reader its inputs.

    Args:
        size: the share of a million inputs.
        seed: the same seed makes the same inputs.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a set-aside ledger and the like are told as warnings
        figures = [_figure(subject, max(3, round(subject.count * size)), seed) for subject in SUBJECTS]
        figures.append(_drawn(max(20, round(DRAWN * size)), seed))
    if importlib.util.find_spec("atheris"):
        figures.append(_fuzzed(max(100, round(FUZZED * size)), seed))
    return figures


def _figure(subject: Subject, count: int, seed: int) -> Figure:
    examples: list[str] = []
    bad = 0
    for number in range(count):
        if told := fault(subject, Chance(f"{seed}/{subject.what}/{number}")):
            bad += 1
            if len(examples) < 10:
                examples.append(f"{subject.what}, seed {seed}, input {number}: {told}")
    return Figure(PART, subject.what, count, bad, tuple(examples))


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4),
    max_leaves=12,
)


def _drawn(count: int, seed: int) -> Figure:
    """Let hypothesis draw the fields of a spec and the answer to a list; it shrinks what fails."""
    examples: list[str] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(field=st.sampled_from(sorted(InstanceSpec.model_fields)), held=JSONS, data=st.binary() | JSONS)
    def attempt(field: str, held: Any, data: Any) -> None:
        with contextlib.suppress(ValidationError):
            InstanceSpec(**{**_spec(), field: held}).wire()
        try:
            answer = data if isinstance(data, bytes) else json.dumps({"instances": data}).encode()
            frame_of_json(Reply(200, {}, answer, "x").json(), {})
            _operation_columns(answer)
        except BadAnswer:
            pass

    try:
        attempt()
    except Exception as error:
        examples.append(f"hypothesis, seed {seed}: {type(error).__name__}: {error}")
    return Figure(PART, "values that hypothesis draws", count, len(examples), tuple(examples))


def _operation_columns(answer: bytes) -> None:
    operation = OPERATIONS["ListInstances"]
    page = Reply(200, {}, answer, "ListInstances").page(operation.route.returns, operation.route.total)
    Columns(operation.route.returns).add(page.answer)


def _fuzzed(count: int, seed: int) -> Figure:
    """Let atheris look for bytes that break the readers of answers, in a process of its own: it ends its process."""
    words = [sys.executable, "-m", "tests.campaign.hostile", "--fuzz", str(count), "--seed", str(seed)]
    root = str(Path(__file__).resolve().parents[2])
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        done = subprocess.run(
            words, cwd=folder, env=environ, capture_output=True, text=True, errors="replace", check=False
        )
    examples = (f"atheris, seed {seed}: {done.stderr[-600:]}",) if done.returncode else ()
    return Figure(PART, "bytes that atheris finds", count, len(examples), examples)


def _fuzz(count: int, seed: int) -> None:
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]

    for module in (SERVICE.codes.error_from_answer, is_own_answer, check_endpoint, mask, _retry_after):
        atheris.instrument_func(module)

    def one(data: bytes) -> None:
        SERVICE.codes.error_from_answer(400, {}, data, "x")
        is_own_answer(400, {}, data)
        words = data.decode("utf-8", "surrogateescape")
        mask(words)
        _retry_after({"Retry-After": words}, 0.0)
        with contextlib.suppress(BadAnswer):
            _operation_columns(data)
        with contextlib.suppress(CredentialsError):
            check_endpoint(words)

    atheris.Setup([sys.argv[0], f"-runs={count}", f"-seed={seed + 1}", "-max_len=600"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--fuzz", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    _fuzz(chosen.fuzz, chosen.seed)
