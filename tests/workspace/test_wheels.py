"""What is in the wheels: every source file, once, and facts that agree."""

import tomllib
from collections import Counter
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath
from tarfile import TarFile
from zipfile import ZipFile

import pytest

from workspace.environment import ROOT

pytestmark = pytest.mark.integration

NAMESPACES = ("ccproxy", "ccproxy/plugins", "ccproxy/static")


def contents(wheel: Path) -> list[str]:
    """List a wheel's files, its metadata aside."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
    return [
        name for name in names if not name.endswith("/") and ".dist-info/" not in name
    ]


def metadata(wheel: Path) -> Message:
    """Parse a wheel's METADATA."""
    with ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def sources(member: Path) -> set[str]:
    """List the files below ``src``, as they are called in a wheel."""
    src = member / "src"
    return {
        path.relative_to(src).as_posix()
        for path in src.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_each_source_file_is_in_its_wheel(
    wheels: dict[str, Path], members: dict[str, Path]
) -> None:
    """A wheel holds exactly the files below its member's ``src``."""
    for name, wheel in wheels.items():
        assert set(contents(wheel)) == sources(members[name]), name


def test_no_file_is_in_two_wheels(wheels: dict[str, Path]) -> None:
    """The contents of the wheels are disjoint."""
    counted = Counter(name for wheel in wheels.values() for name in contents(wheel))
    assert [name for name, times in counted.items() if times > 1] == []
    assert len(counted) > 100


def test_source_distributions_hold_the_same(
    dist: Path, members: dict[str, Path]
) -> None:
    """Each source distribution holds its member's sources, license and README."""
    for name, member in members.items():
        (file,) = dist.glob(f"{name.replace('-', '_')}-*.tar.gz")
        with TarFile.open(file) as archive:
            held = {
                PurePosixPath(*PurePosixPath(info.name).parts[1:]).as_posix()
                for info in archive
                if info.isfile()
            }
        assert {f"src/{source}" for source in sources(member)} <= held, name
        assert {"LICENSE", "README.md", "pyproject.toml"} <= held, name


def test_no_wheel_owns_a_namespace(wheels: dict[str, Path]) -> None:
    """Nothing ships an ``__init__.py`` for what the wheels share."""
    shipped = {name for wheel in wheels.values() for name in contents(wheel)}
    assert shipped.isdisjoint(f"{name}/__init__.py" for name in NAMESPACES)


def test_each_package_is_typed(wheels: dict[str, Path]) -> None:
    """Each outermost package of the namespaces has a ``py.typed``."""
    for name, wheel in wheels.items():
        shipped = contents(wheel)
        packages = {
            PurePosixPath(file).parent
            for file in shipped
            if file.endswith("/__init__.py")
        }
        outermost = {each for each in packages if str(each.parent) in NAMESPACES}
        assert outermost, name
        for package in outermost:
            assert f"{package}/py.typed" in shipped, name


def test_versions_agree_and_wheels_of_ours_are_pinned(
    wheels: dict[str, Path], members: dict[str, Path]
) -> None:
    """All wheels and the workspace have one version, and ask for each other's."""
    root = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for wheel in wheels.values():
        facts = metadata(wheel)
        assert facts["Version"] == root
        for line in facts.get_all("Requires-Dist", []):
            if line.startswith("ccproxy"):
                name, _, version = line.partition("==")
                assert (name in members, version) == (True, root), line


def test_metadata_is_complete(
    wheels: dict[str, Path], members: dict[str, Path]
) -> None:
    """Each wheel carries its README, its license and the Python it needs."""
    for name, wheel in wheels.items():
        facts = metadata(wheel)
        assert facts["Name"] == name
        assert facts["Requires-Python"] == ">=3.11"
        assert facts["License-Expression"] == "Apache-2.0"
        assert facts["Description-Content-Type"] == "text/markdown"
        readme = (members[name] / "README.md").read_text()
        assert str(facts.get_payload()).strip() == readme.strip()
        with ZipFile(wheel) as archive:
            (file,) = (n for n in archive.namelist() if n.endswith("licenses/LICENSE"))
            assert archive.read(file) == (ROOT / "LICENSE").read_bytes()
