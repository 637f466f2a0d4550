"""A key is found in the documented order and is never shown."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from ccproxy.errors import CredentialError
from ccproxy.sdk import ApiKey, Found, KeySettings, LoginState, Secret

pytestmark = pytest.mark.unit

KEY = "sk-very-secret"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package ``keyring`` as far as it is used; its one entry is a file."""
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "errors.py").write_text(
        "class KeyringError(Exception): ...\nclass NoKeyringError(KeyringError): ...\n"
    )
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "from keyring import errors\n"
        "def get_password(service, user):\n"
        "    entry = Path(__file__).parent / f'{service}.{user}'\n"
        "    if not entry.exists(): return None\n"
        "    text = entry.read_text()\n"
        "    if text in vars(errors): raise getattr(errors, text)()\n"
        "    return text\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in ("keyring", "keyring.errors"):
        sys.modules.pop(name, None)  # nobody else is to find the stand-in


async def test_the_settings_come_first() -> None:
    secret = Secret(value=SecretStr(KEY), variables=["OPENAI_API_KEY"])
    found = await secret.find({"OPENAI_API_KEY": "other"})
    assert found == Found(KEY, "the settings")


async def test_a_file_comes_before_the_environment_and_is_stripped(
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    file.write_text(f"  {KEY}\n")
    secret = Secret(file=file, variables=["A"])
    assert await secret.find({"A": "other"}) == Found(KEY, str(file))


async def test_the_first_variable_that_is_not_empty_counts() -> None:
    secret = Secret(value=SecretStr(""), variables=["A", "B", "C"])
    assert await secret.find({"A": " ", "B": KEY, "C": "x"}) == Found(KEY, "B")


async def test_the_keyring_comes_last(keyring: Path) -> None:
    (keyring / "ccproxy.openai").write_text(KEY)
    secret = Secret(variables=["A"], keyring_user="openai")
    assert await secret.find({}) == Found(KEY, "the keyring (ccproxy/openai)")
    assert await secret.find({"A": "other"}) == Found("other", "A")


@pytest.mark.usefixtures("keyring")
async def test_an_empty_keyring_holds_no_key() -> None:
    assert await Secret(keyring_user="openai").find({}) is None


async def test_a_computer_without_a_keyring_holds_no_key(keyring: Path) -> None:
    (keyring / "ccproxy.openai").write_text("NoKeyringError")
    assert await Secret(keyring_user="openai").find({}) is None


async def test_a_locked_keyring_is_an_error(keyring: Path) -> None:
    (keyring / "ccproxy.openai").write_text("KeyringError")
    with pytest.raises(CredentialError, match="keyring can't be read"):
        await Secret(keyring_user="openai").find({})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\xff\xfe", "not text"),
        (b"two\nlines", "characters no key has"),
        ("schlüssel".encode(), "characters no key has"),
    ],
)
async def test_a_bad_key_file_is_named_with_the_reason_and_without_its_content(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CredentialError, match=reason) as caught:
        await Secret(file=file).find({})
    assert str(file) in caught.value.message
    assert "two" not in str(caught.value)


def test_a_key_and_a_key_file_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="exclude each other"):
        KeySettings(api_key=SecretStr(KEY), api_key_file=Path("key"))


def test_no_representation_shows_the_key() -> None:
    settings = KeySettings(api_key=SecretStr(KEY))
    shown = [
        settings,
        settings.secret(),
        Found(KEY, "A"),
        ApiKey(settings.secret(), header="x"),
    ]
    assert KEY not in repr(shown)


async def test_a_key_signs_requests_and_its_status_tells_its_source(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    auth = ApiKey(
        Secret(variables=["SOME_API_KEY"]), header="authorization", prefix="Bearer "
    )
    assert not auth.status().usable
    assert await auth.headers() == {"authorization": f"Bearer {KEY}"}
    assert auth.status().state is LoginState.READY
    assert auth.status().detail == "API key from SOME_API_KEY"


async def test_a_missing_key_says_what_to_do() -> None:
    auth = ApiKey(Secret(), header="x-api-key", hint="Set IT.")
    with pytest.raises(CredentialError, match="Set IT"):
        await auth.headers()
    assert auth.status().state is LoginState.MISSING
    assert auth.status().hint == "Set IT."


async def test_an_optional_key_that_is_missing_leaves_requests_unsigned() -> None:
    auth = ApiKey(Secret(), header="authorization", optional=True)
    assert await auth.headers() == {}
    assert auth.status().state is LoginState.NOT_NEEDED


async def test_an_unreadable_file_is_a_broken_login_even_if_the_key_is_optional(
    tmp_path: Path,
) -> None:
    auth = ApiKey(Secret(file=tmp_path / "no"), header="authorization", optional=True)
    await auth.load()
    assert auth.status().state is LoginState.BROKEN
    with pytest.raises(CredentialError, match="can't be read"):
        await auth.headers()


async def test_a_key_file_replaced_after_the_start_is_read_again_on_a_401(
    tmp_path: Path,
) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    auth = ApiKey(Secret(file=file), header="x-api-key")
    rejected = await auth.headers()
    assert not await auth.renew(rejected)
    file.write_text("new")
    assert await auth.renew(rejected)
    assert await auth.headers() == {"x-api-key": "new"}
