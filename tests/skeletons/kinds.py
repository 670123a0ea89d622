"""What each kind of skeleton consists of: paths with their texts, nothing is written here."""

import keyword
import re
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.skeletons import edits
from tests.skeletons.refusing import RefusedError

TEMPLATES = Path(__file__).parent / "templates"
SLUG = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
CATEGORIES = {
    "locks": "Locks, timeouts and transactions in which others wait.",
    "rewrites": "Rewrites and scans under a lock that blocks.",
    "constraints": "Constraints that are checked while others wait.",
    "indexes": "Indexes that are built or dropped while others wait.",
    "compatibility": "What breaks an application version that still runs.",
    "transactions": "What a transaction may not hold, or must.",
    "partitions": "Partitioned tables.",
    "security": "Rights, functions and search paths.",
    "style": "What is a matter of taste, and off.",
}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """New files and changed ones, by their path from the root."""

    new: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    page: str = ""  # the section of docs/architecture.md


def operation(root: Path, slug: str, subject: str) -> Skeleton:
    """A schema change, registered after all others."""
    folder = root / "zdm/operations"
    _check(slug, [path.stem for path in folder.glob("*/*.py")], "operation")
    _among(subject, [path.parent.name for path in folder.glob("*/__init__.py")], "subject")
    registry = (folder / "__init__.py").read_text()
    text = edits.imported(registry, f"zdm.operations.{subject}", slug)
    entry = edits.registered(text, f"{slug}.recognise")
    return Skeleton(
        new=_filled("operation", slug, SUBJECT=subject),
        changed={
            "zdm/operations/__init__.py": entry,
            "CHANGELOG.md": _changelog(root, f"what an operator can do (`{slug}`)."),
        },
        page="Adding an operation",
    )


def rule(root: Path, slug: str, category: str) -> Skeleton:
    """A rule of the gate, registered after all others."""
    folder = root / "zdm/rules"
    _check(slug, [path.stem for path in folder.glob("*/*.py")], "rule")
    _among(category, list(CATEGORIES), "category")
    text = edits.imported((folder / "__init__.py").read_text(), f"zdm.rules.{category}", slug)
    new = _filled("rule", slug, CATEGORY=category)
    if not (folder / category).exists():
        new[f"zdm/rules/{category}/__init__.py"] = f'"""{CATEGORIES[category]}"""\n'
    return Skeleton(
        new=new,
        changed={
            "zdm/rules/__init__.py": edits.registered(text, f"{slug}.RULE"),
            "CHANGELOG.md": _changelog(root, f"what is reported (`{_kebab(slug)}`)."),
        },
        page="Adding a rule",
    )


def driver(root: Path, slug: str) -> Skeleton:
    """A platform that runs applications, registered last."""
    folder = root / "zdm/rollout"
    _check(slug, [path.name for path in folder.iterdir() if path.is_dir()], "driver")
    registry = (folder / "registry.py").read_text()
    text = edits.after_imports(registry, f"from zdm.rollout.{slug} import entry as {slug}\n")
    return Skeleton(
        new=_filled("driver", slug),
        changed={
            "zdm/rollout/registry.py": edits.registered(text, f"{slug}.DRIVER"),
            "CHANGELOG.md": _changelog(root, f"what it deploys to (`{slug}`)."),
        },
        page="Adding a driver",
    )


def _check(slug: str, existing: list[str], kind: str) -> None:
    words = {*keyword.kwlist, *keyword.softkwlist}
    if SLUG.fullmatch(slug) is None or slug in words:
        raise RefusedError(
            f"`{slug}` is no name for a module: write it in snake_case, as in `drop_index`"
        )
    if slug in existing:
        raise RefusedError(f"the {kind} `{slug}` is there already: choose another name")


def _among(word: str, known: list[str], what: str) -> None:
    if word not in known:
        said = f"`{word}` is no {what}" if word else f"no {what} is named"
        raise RefusedError(f"{said}: choose one of {', '.join(sorted(known))}")


def _filled(kind: str, slug: str, **folders: str) -> dict[str, str]:
    """The templates of a kind; SLUG and the like are replaced in their paths, too."""
    words = {
        "slug": slug,
        "kebab": _kebab(slug),
        "title": slug.replace("_", " ").capitalize(),
        "class_name": slug.title().replace("_", ""),
        **{name.lower(): value for name, value in folders.items()},
    }
    top = TEMPLATES / kind
    made = {}
    for file in sorted(top.rglob("*.txt")):
        path = file.relative_to(top).as_posix().removesuffix(".txt")
        for name, value in {"SLUG": slug, **folders}.items():
            path = path.replace(name, value)
        made[path] = Template(file.read_text()).substitute(words)
    return made


def _changelog(root: Path, line: str) -> str:
    return edits.changed((root / "CHANGELOG.md").read_text(), line)


def _kebab(slug: str) -> str:
    return slug.replace("_", "-")
