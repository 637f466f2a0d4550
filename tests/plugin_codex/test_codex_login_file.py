"""Whatever ``auth.json`` holds, it becomes a login or a reason why not."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.plugins.codex import token
from ccproxy.plugins.codex.account import Account
from ccproxy.plugins.codex.login_file import Login, parse_login, read_login
from ccproxy.sdk import JsonObject, LoginState, LoginStatus
from fakes.chatgpt import make_jwt

pytestmark = pytest.mark.unit

PATH = Path("/home/me/.codex/auth.json")
REFRESHED = datetime(2026, 11, 22, 23, 27, 58, 684850, UTC).timestamp()
Jwt = Callable[[JsonObject], str]
AuthJson = Callable[..., Path]


def openai_claims(**claims: str) -> JsonObject:
    return {"sub": "never-this", "https://api.openai.com/auth": {**claims}}


def test_a_chatgpt_login_is_read_with_its_facts(auth_json: AuthJson, jwt: Jwt) -> None:
    facts = openai_claims(chatgpt_account_id="acct-claim", chatgpt_plan_type="prolite")
    access = jwt({**facts, "exp": 1_800_000_000})
    assert read_login(
        auth_json({"access_token": access, "account_id": "acct-1"})
    ) == Login(
        access_token=access,
        refresh_token="r",
        id_token="i.d.t",
        account_id="acct-1",
        expires=1_800_000_000,
        refreshed=REFRESHED,
        identity=token.Identity(plan="prolite"),
    )


@pytest.mark.parametrize("bearer", ["access_token", "id_token"])
def test_an_absent_account_id_is_taken_from_a_claim(
    auth_json: AuthJson, jwt: Jwt, bearer: str
) -> None:
    claimed = jwt(openai_claims(chatgpt_account_id="acct-claim"))
    path = auth_json({"access_token": "opaque", "account_id": None, bearer: claimed})
    login = read_login(path)
    assert isinstance(login, Login)
    assert login.account_id == "acct-claim"


def test_an_opaque_access_token_is_a_login_without_known_expiry(
    auth_json: AuthJson,
) -> None:
    login = read_login(auth_json({"access_token": "opaque"}))
    assert isinstance(login, Login)
    assert (login.account_id, login.expires) == (None, None)
    assert login.identity == token.Identity()


def test_no_representation_shows_the_token(auth_json: AuthJson) -> None:
    assert "opaque" not in repr(read_login(auth_json({"access_token": "opaque"})))


def test_an_api_key_login_points_to_the_openai_plugin(auth_json: AuthJson) -> None:
    new = read_login(auth_json({}, auth_mode="apikey", OPENAI_API_KEY="sk-secret"))
    old = read_login(auth_json({}, auth_mode=None, OPENAI_API_KEY="sk-secret"))
    assert new == old
    assert isinstance(new, LoginStatus)
    assert new.state is LoginState.MISSING
    assert "plugin openai" in str(new.hint)
    assert "sk-secret" not in repr(new)


def test_an_old_file_without_a_mode_and_a_key_is_a_chatgpt_login(
    auth_json: AuthJson,
) -> None:
    login = read_login(auth_json({"access_token": "opaque"}, auth_mode=None))
    assert isinstance(login, Login)


def test_a_missing_file_says_to_log_in(tmp_path: Path) -> None:
    status = read_login(tmp_path / "auth.json")
    assert isinstance(status, LoginStatus)
    assert status.state is LoginState.MISSING
    assert str(tmp_path) in status.detail
    assert "codex login" in str(status.hint)


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    status = read_login(tmp_path)
    assert isinstance(status, LoginStatus)
    assert status.state is LoginState.BROKEN
    assert "can't be read: Is a directory" in status.detail


@pytest.mark.parametrize(
    ("content", "state", "detail"),
    [
        (b"", LoginState.BROKEN, "is not JSON"),
        (b'{"tokens":', LoginState.BROKEN, "is not JSON"),
        (b"[]", LoginState.BROKEN, "is not a JSON object"),
        (b"{}", LoginState.MISSING, "no ChatGPT login"),
        (b'{"tokens": null}', LoginState.MISSING, "no ChatGPT login"),
        (b'{"tokens": {"access_token": ""}}', LoginState.MISSING, "no ChatGPT login"),
        (b'{"tokens": {"access_token": 7}}', LoginState.BROKEN, "damaged"),
        (b'{"tokens": {"access_token": "a\\nb: c"}}', LoginState.BROKEN, "damaged"),
    ],
)
def test_a_damaged_file_is_told_apart_from_one_without_a_login(
    content: bytes, state: LoginState, detail: str
) -> None:
    status = parse_login(content, PATH)
    assert isinstance(status, LoginStatus)
    assert status.state is state
    assert detail in status.detail


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**63) | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["access_token", "id_token", "account_id"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=4,
)


@given(
    st.dictionaries(
        st.sampled_from(["auth_mode", "OPENAI_API_KEY", "tokens"]), json_values
    )
)
def test_any_json_gives_a_login_that_fits_a_header_or_a_reason(
    stored: dict[str, object],
) -> None:
    found = parse_login(orjson.dumps(stored), PATH)
    if isinstance(found, Login):
        assert (found.access_token + (found.account_id or "")).isascii()
        assert "\n" not in found.access_token + (found.account_id or "")
    else:
        assert not found.usable


@given(
    st.dictionaries(
        st.sampled_from(["iat", "exp"]),
        st.integers(-1, token.LATEST) | st.floats() | st.none(),
    ),
    st.floats(0, token.LATEST),
)
def test_whatever_times_a_token_tells_its_state_can_be_told(
    claims: JsonObject, now: float
) -> None:
    tokens: JsonObject = {"access_token": make_jwt(claims), "refresh_token": "r"}
    stored = {"tokens": tokens, "last_refresh": "9999-12-31T23:59:59Z"}
    status = Account("work", parse_login(orjson.dumps(stored), PATH)).status(now)
    assert status.state in {LoginState.READY, LoginState.EXPIRED}


@given(st.binary(max_size=60))
def test_any_bytes_give_a_login_or_a_reason(content: bytes) -> None:
    assert isinstance(parse_login(content, PATH), Login | LoginStatus)


@given(st.text(alphabet="aZ0_-=.é \n", max_size=40))
def test_a_malformed_token_says_nothing(text: str) -> None:
    assert token.expiry(text) is None
    assert token.account(text) is None
    assert token.plan(text) is None


@pytest.mark.parametrize("exp", [True, "1800000000", -1, 0, 10**18, None, [1]])
def test_an_expiry_that_is_no_moment_is_none(jwt: Jwt, exp: object) -> None:
    assert token.expiry(jwt({"exp": exp})) is None  # type: ignore[dict-item]
