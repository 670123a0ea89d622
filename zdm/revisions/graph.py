"""The revisions and their order, without running env.py: what is pending above given heads.

Alembic loads the files in the child; here they are plain values, and what Alembic would warn
about or trip over later (two files with one id, a parent that is not there, a second head
without a label) is an input error that names the files.
"""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from zdm.errors import InputError
from zdm.model.statement import SourceFile
from zdm.revisions.child_process import Child


class Revision(Struct, frozen=True, kw_only=True):
    """One revision as its file says it; `file` is relative to the project's root."""

    id: str
    file: str
    path: Path
    sha256: str
    down: tuple[str, ...]
    depends_on: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The revisions that must have run before."""
        return (*self.down, *self.depends_on)

    @property
    def source(self) -> SourceFile:
        """The file, pinned by its hash."""
        return SourceFile(path=self.file, sha256=self.sha256, revision=self.id)


class History(Struct, frozen=True, kw_only=True):
    """All revisions, each after those it needs; `others` are the hashes of other files."""

    revisions: tuple[Revision, ...]
    others: tuple[tuple[str, str], ...] = ()

    def revision(self, id: str) -> Revision:
        """The revision of that id (or the only one whose id begins so)."""
        found = [r for r in self.revisions if r.id == id] or [
            r for r in self.revisions if r.id.startswith(id)
        ]
        if len(found) != 1 or not id:
            raise InputError(
                f"revision `{id}` is not in this history of {len(self.revisions)}"
                if not found
                else f"revision `{id}` may mean {' or '.join(r.id for r in found)}",
                hint="`alembic history` lists the revisions; check `base` in zdm.toml",
            )
        return found[0]

    @property
    def heads(self) -> tuple[str, ...]:
        """Revisions that no other one follows."""
        followed = {down for revision in self.revisions for down in revision.down}
        return tuple(sorted(r.id for r in self.revisions if r.id not in followed))

    def below(self, heads: Iterable[str]) -> frozenset[str]:
        """The revisions that a database at these heads has: they and all they need."""
        known = {revision.id: revision for revision in self.revisions}
        found: set[str] = set()
        left = [self.revision(head).id for head in heads]
        while left:
            id = left.pop()
            if id not in found:
                found.add(id)
                left.extend(known[id].needs)
        return frozenset(found)

    def pending(
        self, heads: Collection[str], targets: Collection[str] = ()
    ) -> tuple[Revision, ...]:
        """What a database at the heads lacks of the targets (or of everything), in order."""
        done = self.below(heads)
        wanted = self.below(targets or self.heads)
        return tuple(r for r in self.revisions if r.id in wanted - done)

    def key(self, heads: Collection[str], baseline: bytes = b"") -> str:
        """What a schema at the heads depends on: the files below, env.py, the baseline."""
        done = self.below(heads)
        digest = hashlib.sha256(baseline)
        for revision in self.revisions:
            if revision.id in done:
                digest.update(f"{revision.id} {revision.sha256} {revision.needs}\n".encode())
        for path, sha256 in self.others:
            digest.update(f"{path} {sha256}\n".encode())
        return digest.hexdigest()


def history(child: Child) -> History:
    """The project's history; raises InputError where it is not one."""
    answer = child.ask("history")
    root = child.project.root
    revisions = [_revision(item, root) for item in answer["revisions"]]
    _check_ids(revisions)
    _check_parents(revisions)
    ordered = History(
        revisions=_ordered(revisions),
        others=tuple((shown(path, root), sha) for path, sha in answer["env"].items()),
    )
    _check_heads(ordered, {item["id"]: item["folder"] for item in answer["revisions"]})
    return ordered


def shown(path: str, root: Path) -> str:
    """A path as plans and messages write it."""
    found = Path(path)
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else path


def _revision(item: dict[str, Any], root: Path) -> Revision:
    return Revision(
        id=item["id"],
        file=shown(item["file"], root),
        path=Path(item["file"]),
        sha256=item["sha256"],
        down=tuple(item["down"]),
        depends_on=tuple(item["depends_on"]),
        labels=tuple(item["labels"]),
    )


def _check_ids(revisions: list[Revision]) -> None:
    files: dict[str, list[str]] = {}
    for revision in revisions:
        files.setdefault(revision.id, []).append(revision.file)
    for id, same in files.items():
        if len(same) > 1:
            raise InputError(
                f"{' and '.join(sorted(same))} are both revision `{id}`, so their order is"
                " not known",
                hint="give one of them a new id, and the next revision's down_revision too",
            )


def _check_parents(revisions: list[Revision]) -> None:
    ids = {revision.id for revision in revisions}
    for revision in revisions:
        for down in revision.down:
            if down not in ids:
                raise InputError(
                    f"{revision.file}: down_revision `{down}` is no revision of this history",
                    hint="restore that revision's file, or correct down_revision",
                )


def _ordered(revisions: list[Revision]) -> tuple[Revision, ...]:
    """Each revision after all it needs; otherwise by id, so that the order is one."""
    left = sorted(revisions, key=lambda r: r.id)
    found: list[Revision] = []
    done: set[str] = set()
    while left:
        ready = [r for r in left if done.issuperset(r.needs)]
        if not ready:
            raise InputError(
                f"{', '.join(r.file for r in left)} need each other in a circle",
                hint="correct their down_revision or depends_on",
            )
        found.extend(ready)
        done.update(r.id for r in ready)
        left = [r for r in left if r.id not in done]
    return tuple(found)


def _check_heads(history: History, folders: dict[str, str]) -> None:
    """A second head is fine on a labelled branch or in a folder of its own."""
    heads = history.heads
    if len(heads) < 2 or len({folders[head] for head in heads}) == len(heads):
        return
    labels = {id: _labels(history, id) for id in heads}
    unlabelled = [id for id in heads if not labels[id]]
    if unlabelled:
        files = ", ".join(history.revision(id).file for id in heads)
        raise InputError(
            f"there are {len(heads)} heads ({files}), so what comes last is not known",
            hint=f"join them: alembic merge -m 'merge heads' {' '.join(heads)}",
        )


def _labels(history: History, head: str) -> set[str]:
    """Labels of the branch that ends in the head, and in no other head."""
    others = {id for other in history.heads if other != head for id in _branch(history, other)}
    own = _branch(history, head) - others
    return {label for r in history.revisions if r.id in own for label in r.labels}


def _branch(history: History, head: str) -> set[str]:
    """The revision and those it follows; what it merely depends on is another branch."""
    known = {revision.id: revision for revision in history.revisions}
    found: set[str] = set()
    left = [head]
    while left:
        id = left.pop()
        found.add(id)
        left.extend(set(known[id].down) - found)
    return found
