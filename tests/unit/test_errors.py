"""The tree of errors, the table of error codes, and the reading of error answers of any shape."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gaussnb.core import errors, refusals
from gaussnb.core.errors import (
    ApiError,
    AuthenticationError,
    BadAnswer,
    Busy,
    CredentialsError,
    GaussnbError,
    InvalidRequest,
    NotFound,
    NotSimulated,
    PermissionDenied,
    QuotaExceeded,
    ServerError,
    Throttled,
    UnknownOutcome,
    Unreachable,
    WaitFailed,
    WaitTimeout,
)
from gaussnb.core.secrets import mask
from gaussnb.nosql.error_codes import CODES

CANARY = "Can4ry" + "-" + "tweet" * 3
API_CLASSES = (
    ApiError, InvalidRequest, NotFound, PermissionDenied, AuthenticationError, QuotaExceeded, Busy, Throttled,
    ServerError,
    NotSimulated,
)  # fmt: skip


def examples() -> list[GaussnbError]:
    return [
        *(
            cls(status=400, error_code="DBS.280001", error_msg="No.", request_id="r", operation="Op")
            for cls in API_CLASSES
        ),
        BadAnswer("not JSON", operation="Op", status=200, request_id="r", excerpt=b"<html>"),
        Unreachable("No answer from localhost."),
        CredentialsError("None found."),
        UnknownOutcome(operation="CreateInstance", name="demo", key="k1", candidates=None),
        WaitFailed("It failed.", history=None, frame=None),
        WaitTimeout("Still creating.", history=None, frame=None),
    ]


@pytest.mark.parametrize("error", examples(), ids=lambda error: type(error).__name__)
def test_every_error_pickles_and_copies(error: GaussnbError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert repr(twin) == repr(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize("error", examples(), ids=lambda error: type(error).__name__)
def test_reprs_are_short_and_always_the_same(error: GaussnbError) -> None:
    assert len(repr(error)) < 160
    assert "0x" not in repr(error)
    assert repr(error).startswith(type(error).__name__)


def test_an_unreadable_line_of_a_table_is_refused() -> None:
    for text in (
        "    DBS.1 A row without a paragraph.",
        "NotFound: no status",
        "NotFound 404: Look.\nDBS.1 Not indented",
    ):
        with pytest.raises(ValueError, match="not a line of a table"):
            refusals.ErrorCodes.from_text(text)


def test_frames_travel_with_the_error() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": ["a"]})
    twin = pickle.loads(pickle.dumps(WaitTimeout("Still creating.", history=frame, frame=frame)))
    assert twin.history.equals(frame)
    assert twin.frame.equals(frame)


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (InvalidRequest, ValueError),
        (NotFound, LookupError),
        (PermissionDenied, PermissionError),
        (BadAnswer, ValueError),
        (Unreachable, ConnectionError),
        (CredentialsError, ValueError),
        (WaitTimeout, TimeoutError),
        (NotSimulated, ServerError),
    ],
)
def test_errors_inherit_builtin_exceptions(cls: type, builtin: type) -> None:
    assert issubclass(cls, builtin)
    assert issubclass(cls, GaussnbError)


def test_every_class_is_drawn_and_documented() -> None:
    drawn = errors.__doc__ or ""
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, GaussnbError) and not name.startswith("_"):
            assert name in drawn
            assert value.__doc__


def test_the_message_of_an_api_error() -> None:
    error = CODES.error(
        status=400,
        error_code="DBS.280234",
        error_msg="Invalid DB instance name.",
        request_id="r1",
        operation="CreateInstance",
    )
    assert str(error) == (
        "CreateInstance: Invalid DB instance name (HTTP 400, DBS.280234, request id r1). "
        "Use 4 to 64 characters: a letter, then letters, digits, - or _."
    )
    assert repr(error) == "InvalidRequest(400, 'DBS.280234', operation='CreateInstance')"
    assert error.retry == "never" and type(error) is InvalidRequest
    assert str(ApiError(status=400, error_msg="No", operation="Op", hint="Go home.")) == "Op: No (HTTP 400). Go home."


# --- the table --------------------------------------------------------------------------------------------------------


def test_codes_are_well_formed() -> None:
    for code, row in CODES.items():
        assert code.split(".")[0] in {"DBS", "APIGW", "IAM", "CBC", "SANDBOX"}
        assert 400 <= row.status < 600
        assert row.kind in API_CLASSES[1:]
        assert row.hint.endswith(".") and row.text.endswith(".")
        assert "\n" not in row.hint + row.text
    assert len(CODES) > 250


def test_codes_of_a_validator_have_distinct_texts() -> None:
    numbers = """280001 280040 280446 280234 280235 280347 280236 280122 280342 200024 280244 200025 280445 280247
        280248
        280249 200503 200501 200502 280465 280200 200068 280239 280240 280267 280123 280241 280242 280216 280214 200057
        280045 280433 280437 280438 200506 200507 200059 200060 301024 280124 201214 280408 200165 200166 200167"""
    texts = [CODES[f"DBS.{number}"].text for number in numbers.split()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(
    ("status", "code", "cls"),
    [
        (403, "DBS.200019", Busy),
        (409, "DBS.201015", Busy),
        (500, "DBS.200998", Busy),
        (403, "DBS.280032", PermissionDenied),
        (403, "DBS.200028", QuotaExceeded),
        (500, "DBS.200165", QuotaExceeded),
        (400, "DBS.201501", NotFound),
        (403, "DBS.201028", NotFound),
        (403, "DBS.280056", AuthenticationError),
        (429, "DBS.280443", Throttled),
        (400, "CBC.99003651", Busy),
        (401, "APIGW.0307", AuthenticationError),
        (401, "APIG.0307", AuthenticationError),
        (429, "APIG.0308", Throttled),
        (413, "APIGW.0201", InvalidRequest),
        (502, "APIGW.0201", ServerError),
        (504, "APIG.0201", ServerError),
        (400, "IAM.1105", AuthenticationError),
        (403, "IAM.0081", PermissionDenied),
        (400, "DBS.999999", InvalidRequest),
        (401, "", AuthenticationError),
        (403, "", PermissionDenied),
        (404, "", NotFound),
        (405, "", InvalidRequest),
        (409, "", Busy),
        (413, "", InvalidRequest),
        (422, "", InvalidRequest),
        (429, "", Throttled),
        (494, "", InvalidRequest),
        (500, "", ServerError),
        (501, "", NotSimulated),
        (501, refusals.NOT_SIMULATED, NotSimulated),
        (503, "XYZ.1", ServerError),
        (302, "", ApiError),
    ],
)
def test_the_code_decides_before_the_status(status: int, code: str, cls: type[ApiError]) -> None:
    assert CODES.code_for(status, code).kind is cls


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        (403, "DBS.200019", "busy"),
        (403, "DBS.200011", "busy"),
        (400, "DBS.201319", "busy"),
        (500, "DBS.280005", "busy"),
        (429, "DBS.280443", "throttle"),
        (429, "IAM.0012", "throttle"),
        (500, "DBS.111205", "never"),
        (401, "APIG.0307", "token"),
        (403, "DBS.280056", "token"),
        (401, "IAM.0066", "token"),
        (401, "IAM.0062", "never"),
        (401, "IAM.0061", "never"),
        (401, "", "token"),
        (502, "APIGW.0201", "server"),
        (400, "APIGW.0201", "never"),
        (501, "", "never"),
        (400, "DBS.280001", "never"),
        (500, "DBS.200165", "never"),
        (400, "DBS.200434", "never"),  # it failed, and it said so
        (400, "DBS.200311", "never"),
        (409, "", "busy"),
    ],
)
def test_the_code_decides_when_to_retry(status: int, code: str, retry: str) -> None:
    assert CODES.code_for(status, code).retry == retry


# --- reading answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error_code": "DBS.280234", "error_msg": "Bad name."}, "DBS.280234", "Bad name."),
        ({"errCode": "VPC.0202", "errMsg": "Bad VPC."}, "VPC.0202", "Bad VPC."),
        ({"errorCode": "X.1", "errorMsg": "m"}, "X.1", "m"),
        ({"code": "X.2", "message": "m"}, "X.2", "m"),
        ({"error": {"code": 400, "title": "Bad Request", "message": "No scope."}}, "", "No scope."),
        ({"error": {"error_code": "X.3", "error_msg": "m"}}, "X.3", "m"),
        ({"message": "outer", "inner": {"error_code": "X.4", "error_msg": "m"}}, "X.4", "m"),
        ([{"error_code": "X.5", "error_msg": "m"}], "X.5", "m"),
        ({"error_code": 1101, "error_msg": 7}, "1101", "7"),
        ({"error_code": None, "error_msg": {"why": ["x"]}}, "", '{"why": ["x"]}'),
        ({"error_code": ["x"], "error_msg": True}, "", '{"error_code": ["x"], "error_msg": true}'),
        ({"error_code": "X.6"}, "X.6", "Bad Request"),
        ({"error": "invalid_grant"}, "", "invalid_grant"),
        ("plain", "", "plain"),
        (17, "", "17"),
        (None, "", "None"),
        ({}, "", "{}"),
        ([], "", "[]"),
    ],
)
def test_every_shape_of_a_body_is_read(body: object, code: str, message: str) -> None:
    error = CODES.error_from_answer(400, {}, json.dumps(body).encode(), "Op")
    assert (error.error_code, error.error_msg) == (code, message)
    assert error.operation == "Op"
    assert isinstance(error, InvalidRequest)


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b"", "", "Bad Request"),
        (b'{"error_code":"DBS.280234","error_msg":"Bad na', "DBS.280234", "Bad na"),
        (b'{"error_code":"DBS.280234","er', "DBS.280234", '{"error_code":"DBS.280234","er'),
        (b'\xef\xbb\xbf{"error_code":"X.1","error_msg":"m"}', "X.1", "m"),
        (b"<html><head><title>502 Bad &amp; ugly</title></head><body>x</body></html>", "", "502 Bad & ugly"),
        (b"<p>No\n<b>title</b></p>", "", "No title"),
        (b"\xff\xfe\x00\x01", "", "��"),
        (b"[" * 100_000, "", None),
        (b'{"a":' * 30_000, "", None),
        (b"9" * 70_000, "", None),
    ],
)
def test_damaged_bodies_are_read(body: bytes, code: str, message: str | None) -> None:
    error = CODES.error_from_answer(400, {}, body, "Op")
    assert error.error_code == code
    if message is not None:
        assert error.error_msg == message
    assert len(str(error)) < 1_000


def test_a_huge_body_is_not_read_whole() -> None:
    body = b'{"error_code":"DBS.280001","error_msg":"' + b"x" * 30_000_000 + b'"}'
    start = time.perf_counter()
    error = CODES.error_from_answer(400, {}, body, "Op")
    assert time.perf_counter() - start < 0.5
    assert error.error_code == "DBS.280001"
    assert len(error.error_msg) <= 500


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"X-Request-Id": "a"}, b'{"request_id": "b"}', "a"),
        ({"x-iam-trace-id": "c"}, b"", "c"),
        ({"X-IAM-Trace-Id": "c", "x-request-id": "a"}, b"", "a"),
        ({}, b'{"error_code": "APIGW.0301", "error_msg": "m", "request_id": "b"}', "b"),
        ({}, b'{"error_code": "APIGW.0301", "request_id": "b", "error_msg": "cut', "b"),
        ({}, b'{"error": {"request_id": "b"}}', "b"),
        ({"X-Request-Id": ""}, b"", ""),
        ({"X-Request-Id": None}, b"", ""),
    ],
)
def test_the_request_id_is_read_from_headers_or_body(headers: dict[str, str], body: bytes, expected: str) -> None:
    assert CODES.error_from_answer(401, headers, body, "Op").request_id == expected


@pytest.mark.parametrize(
    "template",
    [
        '{"error_msg": "bad body {\\"password\\": \\"%s\\"}"}',
        '{"error_code": "X", "error_msg": "token: %s"}',
        "<title>X-Auth-Token: %s</title>",
        '{"error_msg": "secret_key=%s&x=1"}',
        '{"error_msg": "Authorization: Bearer %s"}',
        '{"error_msg": "Authorization: SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature=%s"}',
        "{'userPassword': '%s'}",
        '{"auth": {"identity": {"password": {"user": {"password": "%s"',
        '{"sk": "%s"}',
    ],
)
def test_secrets_in_answers_are_masked(template: str) -> None:
    body = (template % CANARY).encode()
    error = CODES.error_from_answer(401, {}, body, "Op")
    bad = BadAnswer(operation="Op", status=200, excerpt=body)
    for shown in (str(error), repr(error), error.error_msg, str(bad), repr(bad), bad.excerpt):
        assert CANARY not in shown
    assert CANARY.encode() not in pickle.dumps(error) + pickle.dumps(bad)


def test_mask_leaves_ordinary_words_alone() -> None:
    for text in ("The token must be updated.", "Invalid password length.", "request 0123456789abcdef0123456789abcdef"):
        assert mask(text) == text
    assert CANARY not in mask("MII" + CANARY.replace("-", "") * 3)
    assert mask("x" * 3000) == "***"


def test_an_excerpt_is_short() -> None:
    assert len(BadAnswer(operation="Op", excerpt="word " * 1000).excerpt) == 200


def test_errors_stand_alone() -> None:
    """The tree needs the standard library and the masking of texts only, so that any module may raise an error."""
    for node in ast.parse(Path(errors.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            assert {name.name.partition(".")[0] for name in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            here = node.level == 1 and node.module == "secrets"
            assert here or (not node.level and (node.module or "").partition(".")[0] in sys.stdlib_module_names)


def test_two_tables_are_joined() -> None:
    first = refusals.ErrorCodes.from_text("Busy 403: Wait.\n    A.1 Busy.\n    A.2 Old.", vague=("A.1",))
    second = refusals.ErrorCodes.from_text("NotFound 404: Look.\n    A.2 New.", aliases={"B.": "A."})
    both = first | second
    assert list(both) == ["A.1", "A.2"] and both["A.2"].text == "New."
    assert both.code_for(500, "B.2").kind is NotFound
    assert both.code_for(500, "A.1").kind is ServerError


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, gaussnb; print(*{'pandas', 'ipywidgets', 'http.server', 'gaussnb.sandbox'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
