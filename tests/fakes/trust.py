"""Whom the tests trust: one authority that none of their servers is of.

Reading all that a machine trusts takes 20 ms for each client and each gateway.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import certifi
import pytest

VARIABLE = "SSL_CERT_FILE"
OUTSIDE = {
    name: value for name, value in os.environ.items() if name != "UV_COMPILE_BYTECODE"
}
"""The environment of the tests, for programs that load from the internet.

What they install is used for a moment: to compile all of it takes longer.
"""


@contextmanager
def trusting_one() -> Iterator[None]:
    """Let clients and gateways read one certificate, and tell it in the environment."""
    one, end, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
    with TemporaryDirectory() as folder:
        file = Path(folder, "trusted.pem")
        file.write_text(one + end)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(file))
            yield


def trusted() -> dict[str, str]:
    """Tell it to a program with an environment of its own."""
    return {VARIABLE: os.environ[VARIABLE]}
