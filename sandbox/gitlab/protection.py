"""Protected branches: nobody pushes to them by force, and only from Maintainer upwards at all.

A hook of the repository says so in GitLab's words. A group whose path begins with `protected` has what GitLab calls
fully protected: the default branch of its projects is, from the beginning; in other groups that is turned off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.git.repositories import Repository

DEVELOPER = "Developer"
"""What the name of a caller with that role ends with; the hook gets it as REMOTE_USER."""
_LIST = "protected-branches"
_GROUPS = "protected"
_HOOK = f"""\
#!/bin/sh
while read -r old new ref; do
  grep -qxF "${{ref#refs/heads/}}" {_LIST} || continue
  case "$REMOTE_USER" in
    *{DEVELOPER}) echo "GitLab: You are not allowed to push code to protected branches on this project." >&2; exit 1 ;;
  esac
  case "$old" in *[!0]*) ;; *) continue ;; esac
  if ! git merge-base --is-ancestor "$old" "$new"; then
    echo "GitLab: You are not allowed to force push code to a protected branch on this project." >&2
    exit 1
  fi
done
"""


def protects_default_branch(group: str) -> bool:
    return group.lower().startswith(_GROUPS)


def protect(hosted: Repository, branch: str) -> None:
    """Have the hook decline pushes to the branch."""
    listed: Path = hosted.folder / _LIST
    with listed.open("a", encoding="utf-8") as lines:
        lines.write(f"{branch}\n")
    hook = hosted.folder / "hooks" / "pre-receive"
    hook.write_text(_HOOK, encoding="utf-8")
    hook.chmod(0o755)
