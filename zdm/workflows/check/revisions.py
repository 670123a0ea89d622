"""Alembic revisions for `zdm check`: in their order, each as SQL. Loads Alembic."""

from zdm.revisions.offline import history, reading
from zdm.serialize import input_file
from zdm.workflows.check.inputs import Found, Revision, Revisions


def read(found: Found) -> Revisions:
    """The revisions that were found; InputError where they have no order."""
    scripts = [
        history.read(path, history.decoded(input_file.read(path), path))
        for path in found.revisions
    ]
    ordered = history.ordered(scripts, whole=found.whole)
    texts = [(script, reading.read(script)) for script in ordered]
    heads = history.heads(ordered) if found.whole else ()
    return Revisions(
        read=tuple(
            Revision(id=s.id, needs=s.needs, path=s.path, sql=t.sql, unread=t.unread)
            for s, t in texts
        ),
        heads=tuple(head.path for head in heads),
    )
