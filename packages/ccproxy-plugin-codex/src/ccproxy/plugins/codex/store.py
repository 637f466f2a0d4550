"""Our own logins: one private file per account, or one and an entry in the keyring.

ADR 11 tells why. In the gateway's data folder, below ``codex``:

- ``NAME.json``: the account's login, in the shape of Codex CLI's ``auth.json``. With
  the keyring the tokens are there, and the file tells so; it is still written with each
  change, so that whoever watches the file sees the change.
- ``NAME.renewal``: the last attempt to renew it, see ``Attempt``.
- ``NAME.lock``: held while the account's files are changed.
- ``active``: the name of the account in use.

What is here blocks, but for ``locked``.
"""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ccproxy.plugins.codex import keychain
from ccproxy.plugins.codex.claim import Claim, claim
from ccproxy.plugins.codex.disk import remove_leftovers, write_private
from ccproxy.plugins.codex.lock import locked
from ccproxy.plugins.codex.login_file import Login, login_of, parse_login
from ccproxy.sdk import JsonObject, LoginState, LoginStatus
from ccproxy.sdk.errors import CredentialError

CODEX_CLI = "codex-cli"
"""The name of the account whose login Codex CLI keeps."""
DEFAULT = "default"
"""The name of an account that was given none."""
LOG_IN_THERE = "Use `codex login` and `codex logout` for it."
"""What to do about the login that is Codex CLI's."""

_NAME = re.compile(r"[a-z0-9][a-z0-9@._+-]{0,63}")
_KEYRING = "keyring"

Stamp = tuple[object, ...]
"""What changes when a file does."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to renew a login, written down before the vendor is asked.

    A refresh token can be spent once. If the attempt's end is not known, the token may
    be spent and its successor lost.

    Attributes:
        spends: The fingerprint of the refresh token.
        refused: The vendor's code, if it refused for good.
        interrupted: Whether an earlier attempt with the same token never ended.
        over: Whether the access token was refused, too.
    """

    spends: str
    refused: str | None = None
    interrupted: bool = False
    over: bool = False


class Store:
    """Reads and writes them.

    Args:
        folder: Where the files are; made when the first one is written.
        keyring: Whether new tokens go into the keyring.
        write: Writes a file; another one stands in for a disk that is full.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keyring: bool = False,
        write: Callable[[Path, bytes], None] = write_private,
    ) -> None:
        self.folder = folder
        self._keyring = keyring
        self._write = write

    def names(self) -> list[str]:
        """Name the accounts that have a login."""
        found = (path.stem for path in self.folder.glob("*.json"))
        return sorted(name for name in found if _NAME.fullmatch(name))

    def stamp(self) -> Stamp:
        """Tell what changes whenever anything here does."""
        files = [*self.folder.glob("*.json"), *self.folder.glob("*.renewal")]
        return tuple(stamp_of(path) for path in sorted([*files, self._pointer]))

    def kept_in(self, name: str) -> str:
        """Say where the tokens of an account are."""
        path = self._path(name)
        if _json(path).get("kept_in") == _KEYRING:
            return f"the keyring ({keychain.SERVICE}/{_user(name)})"
        return str(path)

    def read(self, name: str) -> Login | LoginStatus:
        """Read an account's login, or why there is none."""
        path, hint = self._path(name), log_in(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            detail = f"There is no login for the account {name}."
            return LoginStatus(LoginState.MISSING, detail, hint)
        except OSError as error:
            detail = f"{path} can't be read: {error.strerror}."
            return LoginStatus(LoginState.BROKEN, detail, hint)
        stored = _json(path)
        if stored.get("kept_in") != _KEYRING:
            return parse_login(content, path, hint)
        try:
            tokens = orjson.loads(keychain.get(_user(name)) or "null")
        except CredentialError as error:
            return LoginStatus(LoginState.BROKEN, error.message, error.hint)
        except orjson.JSONDecodeError:
            tokens = None
        return login_of({**stored, "tokens": tokens}, path, hint)

    def save(self, name: str, stored: JsonObject) -> None:
        """Write an account's login; only while it is ``locked``.

        Raises:
            CredentialError: It can't be written.
        """
        path = self._path(name)
        kept = {key: value for key, value in stored.items() if key != "kept_in"}
        was_in_keyring = _json(path).get("kept_in") == _KEYRING
        if self._keyring:
            tokens = orjson.dumps(kept.pop("tokens", None)).decode()
            keychain.put(_user(name), tokens)
            kept["kept_in"] = _KEYRING
        self._put(path, orjson.dumps(kept, option=orjson.OPT_INDENT_2))
        remove_leftovers(path)
        if was_in_keyring and not self._keyring:
            keychain.remove(_user(name))

    def remove(self, name: str) -> None:
        """Forget an account; only while it is ``locked``.

        Raises:
            CredentialError: It can't be removed.
        """
        path = self._path(name)
        try:
            if _json(path).get("kept_in") == _KEYRING:
                keychain.remove(_user(name))
            path.unlink(missing_ok=True)
            self._note(name).unlink(missing_ok=True)
            if self.active() == name:
                self._pointer.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def active(self) -> str | None:
        """Name the account that was chosen, if one was."""
        try:
            return self._pointer.read_text("utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def choose(self, name: str) -> None:
        """Remember which account is in use.

        Raises:
            CredentialError: It can't be written.
        """
        self._put(self._pointer, f"{name}\n".encode())

    def attempt(self, name: str) -> Attempt | None:
        """Read what is known of the last attempt to renew the login."""
        try:
            return Attempt(**_json(self._note(name)))  # type: ignore[arg-type]  # ours
        except TypeError:
            return None

    def note(self, name: str, attempt: Attempt) -> None:
        """Write down an attempt; only while the account is ``locked``.

        Raises:
            CredentialError: It can't be written.
        """
        self._put(self._note(name), orjson.dumps(asdict(attempt)))

    def end_attempt(self, name: str) -> None:
        """Forget the attempt, for it went well; only while ``locked``."""
        with suppress(OSError):  # one that stays behind means nothing to newer tokens
            self._note(name).unlink(missing_ok=True)

    def check_writable(self) -> None:
        """Find out whether a login could be kept, before anybody makes one.

        Raises:
            CredentialError: It could not.
        """
        probe = self.folder / "probe"
        self._put(probe, b"")
        probe.unlink(missing_ok=True)
        if self._keyring:
            keychain.get(_user("probe"))

    def claim(self, name: str) -> Claim | None:
        """Claim an account's file for this process; see ``claim.claim``."""
        return claim(self._path(name))

    def locked(self, name: str) -> AbstractAsyncContextManager[None]:
        """Keep other processes from changing an account; see ``lock.locked``."""
        return locked(self.folder / f"{name}.lock")

    @property
    def _pointer(self) -> Path:
        return self.folder / "active"

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _note(self, name: str) -> Path:
        return self.folder / f"{name}.renewal"

    def _put(self, path: Path, content: bytes) -> None:
        try:
            self._write(path, content)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> CredentialError:
        msg = f"Logins can't be kept in {self.folder}: {error.strerror}."
        return CredentialError(msg, hint="Let this user write there.")


def check_name(name: str) -> None:
    """Refuse a name that can't be a file's, or that is taken.

    Raises:
        CredentialError: It is refused.
    """
    if name == CODEX_CLI:
        msg = f"The account {name} is Codex CLI's own login."
        raise CredentialError(msg, hint=LOG_IN_THERE)
    if not _NAME.fullmatch(name):
        msg = f"{name!r} can't be the name of an account."
        hint = "Use up to 64 lower-case letters, digits and @ . _ + -"
        raise CredentialError(msg, hint=hint)


def log_in(name: str) -> str:
    """Say what makes a new login for an account."""
    option = "" if name == DEFAULT else f" --account {name}"
    return f"Run `ccproxy auth login codex{option}`."


def stamp_of(path: Path) -> Stamp:
    """Tell what changes when a file does; little if there is none."""
    try:
        facts = path.expanduser().stat()
    except (OSError, RuntimeError):
        return (path.name,)
    return path.name, facts.st_mtime_ns, facts.st_size, facts.st_ino


def _user(name: str) -> str:
    return f"codex/{name}"


def _json(path: Path) -> JsonObject:
    """Read an object; nothing if there is none."""
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
