"""Lines in files that are there already: text in, text out."""

import re

from tests.skeletons.refusing import RefusedError

LEFT = "SKELETON"  # what is to be filled in; a test looks for it
CHANGES = re.compile(r"(## \[Unreleased\]\n\n### Added\n\n(?:- .*\n)*)")


def imported(text: str, package: str, name: str) -> str:
    """A module with `from package import name`; what it imports from there stays."""
    line = re.compile(rf"^from {re.escape(package)} import (.+)$", re.MULTILINE)
    found = line.search(text)
    if found is not None and "(" not in found[1] and " as " not in name:
        names = ", ".join(sorted({*found[1].split(", "), name}))
        return line.sub(f"from {package} import {names}", text, count=1)
    return after_imports(text, f"from {package} import {name}\n")


def after_imports(text: str, line: str) -> str:
    """A module with one more import after its last one; `ruff` sorts them."""
    places = [m.end() for m in re.finditer(r"^from zdm\.[^(\n]+\n", text, re.MULTILINE)]
    if not places:
        raise RefusedError("the registry imports nothing of zdm, so it is not as expected")
    return text[: places[-1]] + line + text[places[-1] :]


def registered(text: str, entry: str) -> str:
    """A registry with one more entry at the end of ALL."""
    found = re.search(r"^(ALL\b.* = \()((?s:.*?))\)$", text, re.MULTILINE)
    if found is None:
        raise RefusedError("the registry has no tuple ALL")
    entries = [line.strip() for line in found[2].splitlines() if line.strip()]
    entries.append(f"{entry},")
    body = "".join(f"    {one}\n" for one in entries)
    return f"{text[: found.start()]}{found[1]}\n{body}){text[found.end() :]}"


def changed(text: str, line: str) -> str:
    """The changelog with one more line to be written under Unreleased, Added."""
    return once(text, CHANGES, rf"\g<1>- {LEFT}: {line}\n", "CHANGELOG.md")


def layered(text: str, above: str, name: str) -> str:
    """pyproject.toml with one more layer below another, and its modules kept apart."""
    layer = once(text, re.compile(rf'^  "{above}",\n'), rf'\g<0>  "{name}",\n', "layers")
    contract = (
        "[[tool.importlinter.contracts]]\n"
        f'name = "{name} do not know each other"\n'
        'type = "independence"\n'
        f'modules = ["zdm.{name}.*.*"]\n\n'
    )
    last = re.compile(r'^\[\[tool\.importlinter\.contracts\]\]\nname = "no cycles')
    return once(layer, last, contract.replace("\\", "\\\\") + r"\g<0>", "contracts")


def once(text: str, place: re.Pattern[str], new: str, what: str) -> str:
    """The text with its first such place replaced; it must be there."""
    changed_text, count = re.compile(place.pattern, re.MULTILINE).subn(new, text, count=1)
    if count != 1:
        raise RefusedError(f"{what} is not as expected: there is no {place.pattern!r}")
    return changed_text
