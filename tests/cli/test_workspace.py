"""Where somebody works, in repositories that git has made."""

import subprocess
from pathlib import Path

import pytest

from ccproxy.cli.workspace import stamps

pytestmark = pytest.mark.unit


def git(folder: Path, *arguments: str) -> None:
    """Run git, whatever this machine's own configuration says."""
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com")
    subprocess.run(
        ["git", "-C", str(folder), *who, *arguments],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null"},
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    git(folder, "init", "--initial-branch", "main")
    git(folder, "commit", "--allow-empty", "--message", "first")
    return folder


def test_a_folder_within_a_repository_is_told_by_its_branch(repository: Path) -> None:
    inner = repository / "src" / "deep"
    inner.mkdir(parents=True)
    assert stamps(inner) == {
        "x-ccproxy-repository": "acme",
        "x-ccproxy-branch": "main",
        "x-ccproxy-worktree": "acme",
    }


def test_a_linked_worktree_tells_its_own_branch_of_the_same_repository(
    repository: Path,
) -> None:
    git(repository, "worktree", "add", "-b", "fix/größe", str(repository.parent / "b"))
    assert stamps(repository.parent / "b") == {
        "x-ccproxy-repository": "acme",
        "x-ccproxy-branch": "fix/gr%C3%B6%C3%9Fe",
        "x-ccproxy-worktree": "b",
    }


def test_a_worktree_of_a_bare_repository_is_named_after_that(repository: Path) -> None:
    folder = repository.parent
    git(folder, "clone", "--bare", str(repository), "other.git")
    git(folder / "other.git", "worktree", "add", "-b", "b", str(folder / "b"))
    assert stamps(folder / "b")["x-ccproxy-repository"] == "other"


def test_where_no_branch_is_checked_out_none_is_told(repository: Path) -> None:
    git(repository, "checkout", "--detach")
    assert [*stamps(repository)] == ["x-ccproxy-repository", "x-ccproxy-worktree"]


def test_no_name_can_add_a_header(repository: Path) -> None:
    head = "ref: refs/heads/a\nauthorization: x" + "y" * 200
    (repository / ".git" / "HEAD").write_text(head)
    branch = stamps(repository)["x-ccproxy-branch"]
    assert branch.startswith("a%0Aauthorization%3A%20x")
    assert len(branch) < 120


def test_elsewhere_nothing_is_told(tmp_path: Path) -> None:
    assert stamps(tmp_path) == {}
    (tmp_path / ".git").write_bytes(b"\xff")
    assert stamps(tmp_path) == {}
    (tmp_path / ".git").write_text("gitdir: nowhere")
    assert stamps(tmp_path) == {}
