"""The signature of connect(): one keyword parameter for each connection setting."""

from __future__ import annotations

import inspect
import re

import pytest

import gaussnb as gn
from gaussnb.cloud.settings import SECRETS, SETTINGS, Settings


def test_the_signature_lists_every_setting() -> None:
    parameters = inspect.signature(gn.connect).parameters
    assert list(parameters) == [
        "profile", "region", "project_id", "project_name", "endpoint", "iam_endpoint", "username", "user_id",
        "password", "domain", "domain_id", "ak", "sk", "security_token", "token", "patience", "unguarded",
    ]  # fmt: skip
    assert set(SETTINGS) == set(Settings.__annotations__) == parameters.keys() - {"profile", "patience", "unguarded"}
    for name in SETTINGS:
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY and parameters[name].default is None
        expected = "str | SecretStr | None" if name in SECRETS else "str | None"
        assert parameters[name].annotation == expected


def test_the_docstring_describes_every_parameter_in_order() -> None:
    documentation = inspect.getdoc(gn.connect) or ""
    arguments = documentation.partition("Args:\n")[2].partition("Returns:")[0]
    assert re.findall(r"^    (\w+): ", arguments, re.M) == list(inspect.signature(gn.connect).parameters)


@pytest.mark.parametrize("unknown", ["regoin", "adapter", "seed", "keep"])
@pytest.mark.parametrize("profile", [None, "sandbox"])
def test_an_unknown_keyword_is_refused(profile: str | None, unknown: str) -> None:
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{unknown}'"):
        gn.connect(profile, **{unknown: "x"})  # type: ignore[arg-type]


def test_kernels_complete_the_settings() -> None:
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    completer = pytest.importorskip("IPython.core.completer")
    shell.user_ns["gn"] = gn
    for jedi in (True, False):
        shell.Completer.use_jedi = jedi
        with completer.provisionalcompleter():
            found = [each.text for each in shell.Completer.completions("gn.connect(reg", 14)]
        assert "region=" in found
