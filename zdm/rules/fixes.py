"""Fixes in whole files: applied until no rule has one more, and kept only where nothing is
found that was not found before, and the schema stays the same."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from zdm.errors import InputError
from zdm.model.rule import Fix, Rule
from zdm.model.schema import Snapshot
from zdm.model.statement import Source
from zdm.rules import rewritten, walk
from zdm.rules.report import InputFile, Reported, Terms

_MOST_ROUNDS = 40
Verifier = Callable[[Sequence[InputFile], InputFile, InputFile], str]


class Left(Struct, frozen=True, kw_only=True):
    """A finding that has a fix which was not applied."""

    finding: Reported
    why: str


class Fixed(Struct, frozen=True, kw_only=True):
    """All files, the judged ones with what could be fixed."""

    files: tuple[InputFile, ...]
    left: tuple[Left, ...] = ()


def applied(
    files: Sequence[InputFile],
    start: Snapshot,
    terms: Terms,
    rules: Sequence[Rule],
    verifier: Verifier,
) -> Fixed:
    """Every judged file with its fixes. The verifier is given the files before one, the file
    as it was and as it became, and says why these do not leave the same schema, if so."""
    before: list[InputFile] = []
    done: list[InputFile] = []
    left: list[Left] = []
    same_release: list[InputFile] = []
    for file in files:
        one = _File(
            old=file,
            judge=_Judge(tuple(same_release), start, terms, tuple(rules)),
            verify=partial(verifier, tuple(before), file),
        )
        is_sql = file.judged and not file.path.endswith(".py")
        new = one.fixed() if is_sql else file
        left += one.left(new) if is_sql else ()
        done.append(new)
        before.append(file)
        if file.judged and terms.one_release:
            same_release.append(new)
        else:
            start = walk.after((new,), start, terms)
    return Fixed(files=tuple(done), left=tuple(left))


class _Judge(Struct, frozen=True):
    """Finds what is in a file, above the others of its release."""

    others: tuple[InputFile, ...]
    start: Snapshot
    terms: Terms
    rules: tuple[Rule, ...]

    def found(self, file: InputFile) -> list[Reported]:
        """What no ignore covers."""
        report = walk.check((*self.others, file), self.start, self.terms, self.rules)
        return [f for f in report.findings if f.source.file == file.path and not f.ignored]


_Key = tuple[str, str]  # a rule and a statement


class _File(Struct, kw_only=True):
    old: InputFile
    judge: _Judge
    verify: Callable[[InputFile], str]
    why: dict[_Key, str] = field(default_factory=dict)

    def fixed(self) -> InputFile:
        """The file with every fix that can be applied: all at once, or one by one."""
        found = [finding for finding in self.judge.found(self.old) if finding.fix is not None]
        keys = tuple(dict.fromkeys(map(_key, found)))
        best, why = self._tried(frozenset())
        if not why:
            return best
        kept: frozenset[_Key] = frozenset()
        for key in keys:
            new, reason = best, why
            if len(keys) > 1:
                new, reason = self._tried(frozenset(keys) - kept - {key})
            if reason:
                self.why[key] = reason
            else:
                kept, best = kept | {key}, new
        return best

    def left(self, new: InputFile) -> Iterator[Left]:
        """What could not be fixed, and why."""
        for finding in self.judge.found(new):
            why = self.why.get(_key(finding))
            if finding.fix is not None and why is not None:
                yield Left(finding=finding, why=why)

    def _tried(self, without: frozenset[_Key]) -> tuple[InputFile, str]:
        """The file with its fixes; as it was, and why, where that cannot be taken."""
        old = self.old
        try:
            new, settled = self._rounds(without)
            more = self._more(new)
        except InputError as error:
            return old, f"what it would become cannot be read: {error.message}"
        if more:
            return old, f"what it would become has a finding of {more}"
        if not settled:
            return old, "the fixes of its findings undo each other"
        why = "" if new.data == old.data else self.verify(new)
        return (old, why) if why else (new, "")

    def _more(self, new: InputFile) -> str:
        """A rule that finds more than it did."""
        found = (Counter(f.rule for f in self.judge.found(file)) for file in (new, self.old))
        more = next(found) - next(found)
        return next(iter(more), "")

    def _rounds(self, without: frozenset[_Key]) -> tuple[InputFile, bool]:
        file = self.old
        for _ in range(_MOST_ROUNDS):
            found = self.judge.found(file)
            chosen = _chosen(found, without | self.why.keys())
            if not chosen:
                return file, True
            file = self._with(file, chosen)
        return file, False

    def _with(self, file: InputFile, chosen: Mapping[Source, Reported]) -> InputFile:
        terms = self.judge.terms
        fixes = {place: one.fix for place, one in chosen.items() if one.fix is not None}
        done = rewritten.with_fixes(
            file.data, file.path, fixes, terms.transactions, terms.no_transaction
        )
        for place, why in done.refused.items():
            self.why[_key(chosen[place])] = why
        return replace(file, data=done.data)


def _key(finding: Reported) -> _Key:
    return finding.rule, finding.statement


def _chosen(found: Iterable[Reported], without: frozenset[_Key]) -> Mapping[Source, Reported]:
    """For each statement what the first rule found. A setting holds for the statements below,
    too, so that settings come last, and one at a time."""
    chosen: dict[Source, Reported] = {}
    settings: dict[Source, Reported] = {}
    for finding in found:
        if finding.fix is not None and _key(finding) not in without:
            kind = settings if _is_setting(finding.fix) else chosen
            kind.setdefault(finding.fix.at or finding.source, finding)
    return chosen or dict(list(settings.items())[:1])


def _is_setting(fix: Fix) -> bool:
    return len(fix.statements) > 1 and fix.statements[0].startswith("SET ")
