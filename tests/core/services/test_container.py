"""One of each, closed once, in reverse order."""

import pytest

from ccproxy.errors import CCProxyError
from ccproxy.services.container import ServiceContainer

pytestmark = pytest.mark.unit


async def test_what_is_provided_is_found_by_its_type() -> None:
    container = ServiceContainer()
    provided = container.provide(list, [1])
    assert container.get(list) is provided
    with pytest.raises(KeyError):
        container.get(dict)


async def test_a_second_of_a_type_is_refused() -> None:
    container = ServiceContainer()
    container.provide(int, 1)
    with pytest.raises(CCProxyError, match="There is a int already"):
        container.provide(int, 2)


async def test_services_close_once_and_last_first() -> None:
    container = ServiceContainer()
    closed: list[str] = []

    async def close_a() -> None:
        closed.append("a")

    async def close_b() -> None:
        closed.append("b")

    container.provide(int, 1, close=close_a)
    container.provide(str, "", close=close_b)
    await container.close()
    await container.close()
    assert closed == ["b", "a"]
    with pytest.raises(CCProxyError, match="closed"):
        container.provide(float, 1.0)


async def test_one_that_fails_to_close_does_not_keep_the_others_open() -> None:
    container = ServiceContainer()
    closed: list[str] = []

    async def close() -> None:
        closed.append("first")

    async def fail() -> None:
        raise OSError

    container.provide(int, 1, close=close)
    container.provide(str, "", close=fail)
    with pytest.raises(OSError):
        await container.close()
    assert closed == ["first"]


def test_a_container_that_leaks_warns() -> None:
    async def close() -> None: ...

    container = ServiceContainer()
    container.provide(int, 1, close=close)
    with pytest.warns(ResourceWarning, match="1 open services"):
        del container
