"""Logins are kept privately and whole, in files or in the system's keyring."""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from ccproxy.plugins.codex.login_file import Login, new_login
from ccproxy.plugins.codex.store import Attempt, Store
from ccproxy.sdk import JsonObject, LoginState, LoginStatus
from ccproxy.sdk.disk import write_private
from ccproxy.sdk.errors import CredentialError

pytestmark = pytest.mark.unit

TOKENS = {"access_token": "a", "refresh_token": "r", "id_token": "i.d.t"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "codex"


@pytest.fixture
def stored() -> JsonObject:
    return new_login(TOKENS, 1_700_000_000)


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package ``keyring`` as far as it is used; each entry is a file."""
    package = tmp_path / "keyring"
    package.mkdir()
    (package / "errors.py").write_text("class KeyringError(Exception): ...\n")
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "from keyring import errors\n"
        "def entry(service, user):\n"
        "    if (Path(__file__).parent / 'locked').exists():\n"
        "        raise errors.KeyringError()\n"
        "    return Path(__file__).parent / f'{service}.{user}'.replace('/', '.')\n"
        "def get_password(service, user):\n"
        "    file = entry(service, user)\n"
        "    return file.read_text() if file.exists() else None\n"
        "def set_password(service, user, text):\n"
        "    entry(service, user).write_text(text)\n"
        "def delete_password(service, user):\n"
        "    entry(service, user).unlink()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in ("keyring", "keyring.errors"):
        sys.modules.pop(name, None)  # nobody else is to find the stand-in


def test_files_and_folders_are_private_whatever_the_umask(
    folder: Path, stored: JsonObject
) -> None:
    before = os.umask(0)
    try:
        Store(folder).save("default", stored)
        Store(folder).choose("default")
    finally:
        os.umask(before)
    kinds = [(path, 0o600) for path in folder.iterdir()]
    for path, mode in [*kinds, (folder, 0o700), (folder.parent, 0o700)]:
        assert path.stat().st_mode & 0o777 == mode, path


def test_what_a_crash_has_left_goes_with_the_next_writing(
    folder: Path, stored: JsonObject
) -> None:
    store = Store(folder)
    store.save("default", stored)
    (folder / ".default.json~x1").write_text("old tokens")
    (folder / ".default.json.more~x1").write_text("another account's")
    store.save("default", stored)
    left = {each.name for each in folder.iterdir()}
    assert left == {".default.json.more~x1", "default.json"}
    assert store.names() == ["default"]


def test_leftovers_that_cannot_be_removed_make_no_writing_fail(
    folder: Path, stored: JsonObject
) -> None:
    (folder / ".default.json~x1").mkdir(parents=True)
    Store(folder).save("default", stored)
    assert isinstance(Store(folder).read("default"), Login)


def test_a_login_comes_back_as_it_was_kept(folder: Path, stored: JsonObject) -> None:
    store = Store(folder)
    store.save("a@b.c", {**stored, "new": 1})
    login = store.read("a@b.c")
    assert isinstance(login, Login)
    assert (login.access_token, login.refresh_token) == ("a", "r")
    assert login.stored["new"] == 1
    assert store.kept_in("a@b.c") == str(folder / "a@b.c.json")


@pytest.mark.parametrize(
    ("content", "state"),
    [(b"", LoginState.BROKEN), (b"[]", LoginState.BROKEN), (b"{}", LoginState.MISSING)],
)
def test_a_damaged_file_says_what_to_do(
    folder: Path, content: bytes, state: LoginState
) -> None:
    write_private(folder / "work.json", content)
    status = Store(folder).read("work")
    assert isinstance(status, LoginStatus)
    assert (status.state, status.hint) == (
        state,
        "Run `ccproxy auth login codex --account work`.",
    )


@pytest.mark.parametrize("code", ["EROFS", "EACCES", "EPERM", "ENOTDIR"])
async def test_where_nothing_can_be_written_no_lock_is_needed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(os, "open", failing(getattr(errno, code)))
    entered = False
    async with Store(folder).locked("default"):
        entered = True
    assert entered


@pytest.mark.parametrize("code", ["EMFILE", "ENOSPC", "EIO"])
async def test_without_a_lock_that_could_be_had_nothing_is_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(os, "open", failing(getattr(errno, code)))
    with pytest.raises(CredentialError, match="can't be locked"):
        async with Store(folder).locked("default"):
            raise AssertionError


def failing(code: int) -> Callable[..., int]:
    def fail(path: object, *_: object, **__: object) -> int:
        raise OSError(code, os.strerror(code), str(path))

    return fail


def test_an_attempt_is_remembered_until_it_went_well(folder: Path) -> None:
    store, attempt = Store(folder), Attempt("f1", "refresh_token_reused", True, True)
    assert store.attempt("a") is None
    store.note("a", attempt)
    assert store.attempt("a") == attempt
    store.end_attempt("a")
    assert store.attempt("a") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"other": 1}'])
def test_a_damaged_note_of_an_attempt_is_none(folder: Path, content: bytes) -> None:
    write_private(folder / "a.renewal", content)
    assert Store(folder).attempt("a") is None


def test_the_keyring_holds_the_tokens_and_the_file_tells_so(
    folder: Path, stored: JsonObject, keyring: Path
) -> None:
    store = Store(folder, keyring=True)
    store.save("default", {**stored, "new": 1})
    kept = orjson.loads((folder / "default.json").read_bytes())
    assert kept.pop("kept_in") == "keyring"
    assert kept == {**{k: v for k, v in stored.items() if k != "tokens"}, "new": 1}
    assert store.kept_in("default") == "the keyring (ccproxy/codex/default)"
    for reader in (store, Store(folder)):
        login = reader.read("default")
        assert isinstance(login, Login)
        assert login.access_token == "a"
    store.remove("default")
    assert store.names() == []
    assert not list(keyring.glob("ccproxy*"))


def test_a_login_moves_to_where_the_setting_says_when_it_is_renewed(
    folder: Path, stored: JsonObject, keyring: Path
) -> None:
    Store(folder, keyring=True).save("default", stored)
    Store(folder).save("default", stored)
    assert not list(keyring.glob("ccproxy*"))
    assert b'"access_token"' in (folder / "default.json").read_bytes()


def test_a_locked_keyring_is_told(
    folder: Path, stored: JsonObject, keyring: Path
) -> None:
    store = Store(folder, keyring=True)
    store.save("default", stored)
    (keyring / "locked").touch()
    status = store.read("default")
    assert isinstance(status, LoginStatus)
    assert "Unlock it" in str(status.hint)
    with pytest.raises(CredentialError, match="can't be used: KeyringError"):
        store.check_writable()


@pytest.mark.parametrize("kind", ["OSError", "RuntimeError", "ValueError"])
def test_a_keyring_whose_backend_raises_something_else_is_told(
    folder: Path, stored: JsonObject, keyring: Path, kind: str
) -> None:
    code = (keyring / "__init__.py").read_text()
    (keyring / "__init__.py").write_text(code.replace("errors.KeyringError()", kind))
    (keyring / "locked").touch()
    with pytest.raises(CredentialError, match=f"can't be used: {kind}"):
        Store(folder, keyring=True).save("default", stored)


def test_an_entry_that_is_gone_is_no_login(
    folder: Path, stored: JsonObject, keyring: Path
) -> None:
    store = Store(folder, keyring=True)
    store.save("default", stored)
    (keyring / "ccproxy.codex.default").write_text("no JSON")
    for _ in range(2):
        status = store.read("default")
        assert isinstance(status, LoginStatus)
        assert status.state is LoginState.MISSING
        (keyring / "ccproxy.codex.default").unlink(missing_ok=True)


def test_without_the_package_keyring_the_setting_says_what_to_install(
    folder: Path, stored: JsonObject
) -> None:
    store = Store(folder, keyring=True)
    with pytest.raises(CredentialError, match="not installed") as caught:
        store.check_writable()
    assert "ccproxy-plugin-codex[keyring]" in str(caught.value.hint)
    assert not (folder / "default.json").exists()
