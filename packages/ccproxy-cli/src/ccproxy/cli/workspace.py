"""Where somebody works, as git's own files tell it; git itself is not run.

Source: https://git-scm.com/docs/gitrepository-layout
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

_LONGEST = 100
"""Characters of a name; the gateway keeps it with each request."""
_BRANCH = "ref: refs/heads/"
_NO_BRANCH = ".invalid"
"""Stands for the branch where a repository keeps its refs in another format."""


def stamps(folder: Path) -> Mapping[str, str]:
    """Return the headers that tell the gateway where somebody works.

    Args:
        folder: Where they are.

    Returns:
        The names of the repository, the branch and the worktree's folder, as far as
        they are known, with all but ASCII escaped as in a URL.
    """
    inside = (each for each in (folder, *folder.parents) if (each / ".git").exists())
    worktree = next(inside, None)
    if worktree is None:
        return {}
    try:
        own = _git_folder(worktree)
        told = {
            "repository": _repository(own),
            "branch": _branch(own),
            "worktree": worktree.name,
        }
    except (OSError, UnicodeDecodeError):
        return {}  # whatever that is, it is no repository of ours
    return {
        f"x-ccproxy-{name}": quote(value[:_LONGEST])
        for name, value in told.items()
        if value
    }


def _git_folder(worktree: Path) -> Path:
    """Find what belongs to this worktree alone; a linked one has a file that says."""
    git = worktree / ".git"
    if git.is_dir():
        return git
    return worktree / git.read_text().strip().removeprefix("gitdir: ")


def _repository(own: Path) -> str:
    """Name the repository after the folder of its first worktree."""
    shared = own
    if (own / "commondir").exists():
        shared = own / (own / "commondir").read_text().strip()
    shared = shared.resolve()
    return shared.parent.name if shared.name == ".git" else shared.stem


def _branch(own: Path) -> str:
    head = (own / "HEAD").read_text().strip()
    branch = head.removeprefix(_BRANCH)
    return branch if branch not in (head, _NO_BRANCH) else ""
