"""Masking takes time in proportion to the text, whatever the text."""

import base64
import time
from random import Random

import pytest

from ccproxy.models.request_record import COLUMNS
from ccproxy.security.sanitizer import mask_json, mask_text
from fakes.secrets import a_hundred

pytestmark = pytest.mark.unit

RANDOM = "aB3dE5gH7jK9mN1pQ2rS"
HOSTILE = [
    *(
        "key",
        "eyJ",
        "eyJ-",
        "eyJ.",
        "sk-",
        "xoxb-",
        "1//0",
        "SG.",
        "1",
        "fw_",
        "dapi",
        "-u ",
        "-u a:",
        "login ",
        "login a password ",
        "rt_a.",
        "%3D",
        "\\",
        '\\"',
    ),
    *(
        "key: ",
        "key=",
        'key="',
        "key='\\\"",
        "token=$",
        "token: )",
        '"token":1,',
        "a b: ",
    ),
    *('token={"', 'password:"a\\"', "api_key", "cookie:", "authorization: digest "),
    *("http://", "x://a:", "a://b@c", "-----BEGIN ", "bearer ", "basic basicbasic "),
    *("-----BEGIN PRIVATE KEY-----", "a@", "a@b.", "a.b@", "--token ", "('key', ", "-"),
    *('["token","', '{"a":', "[", "token a/", f"token {RANDOM} ", f"code={RANDOM}&"),
]


def seconds(value: object) -> float:
    began = time.process_time()
    mask_json(value)
    return time.process_time() - began


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_input_takes_linear_time(hostile: str) -> None:
    """Doubling the input may at most triple the time; squared, it takes four times."""
    half = hostile * (20_000 // len(hostile))
    assert seconds(half * 2) < 3 * min(seconds(half) for _ in range(3)) + 0.03


def test_ten_megabytes_take_seconds() -> None:
    """Log lines, images, and a few secrets in between."""
    line = '{"event":"request","url":"http://host/v1/responses","input_tokens":17}\n'
    image = base64.b64encode(Random(1).randbytes(600_000)).decode()
    secrets = a_hundred(1)[:3]
    piece = line * (2_600_000 // len(line)) + image
    text = "".join(f"{piece}\n{secret.text}\n" for secret in secrets)
    assert len(text) > 10_000_000
    began = time.process_time()
    masked = mask_text(text)
    assert time.process_time() - began < 3
    assert not [each for each in secrets if each.parts[0] in masked]


def test_names_that_come_again_and_again_are_looked_at_once() -> None:
    """A page of a thousand records is masked while all others wait."""
    values = range(len(COLUMNS))
    named = [dict(zip(COLUMNS, values, strict=True)) for _ in range(1000)]
    nameless = [[*values] for _ in range(1000)]
    fastest = min(seconds(nameless) for _ in range(3))
    assert min(seconds(named) for _ in range(3)) < 7 * fastest
