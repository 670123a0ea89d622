"""All statements of all files, in order: what every rule finds at each of them.

The schema before a statement is what `schema.apply` leaves of all that came before it, in
earlier files, too. A table that nothing read so far has made is taken to exist and to be in
use.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce

from msgspec import Struct, field
from msgspec.structs import replace

from zdm.model.catalog.indexed import having
from zdm.model.commands import AlterTable, SetSchema
from zdm.model.findings import Severity
from zdm.model.impact import Impact
from zdm.model.locks import LockMode
from zdm.model.rule import (
    Block,
    Check,
    Done,
    Locked,
    Past,
    Rule,
    Site,
    Violation,
    is_new,
    used,
)
from zdm.model.schema import Snapshot
from zdm.model.statement import Action, Fact, Source, Statement
from zdm.model.syntax import CreateTable, DropObjects, RenameObject
from zdm.parse.libpg_query import Parsed
from zdm.parse.readers import authority
from zdm.parse.transactions import Kind
from zdm.rules import (
    assumed,
    blocks,
    history,
    ignored,
    ignores,
    once,
    psql,
    reading,
    row_changes,
    temporary,
    unread,
)
from zdm.rules.ignores import Ignore
from zdm.rules.report import InputFile, Level, Report, Reported, Terms
from zdm.rules.transactions import unparsed_statement
from zdm.schema import apply, edits, lookup, type_names
from zdm.schema.impact import of

_Found = tuple[Reported, Callable[[Snapshot], bool] | None]
_ORDER = tuple(LockMode)
_OfFile = tuple[list[_Found], list[Ignore], tuple[Rule, ...]]


class Walked(Struct, frozen=True, kw_only=True):
    """What the rules found in some of the files, one after the other, each with its ignores and
    the rules that are on for it."""

    found: Sequence[_OfFile]
    files: int
    statements: int
    understood: int


def check(
    files: Iterable[InputFile], start: Snapshot, terms: Terms, rules: Sequence[Rule]
) -> Report:
    """What the rules find in the judged files."""
    walked, left = through(history.placed(files), start, terms, rules)
    return report((walked,), left, terms)


def through(
    files: Iterable[InputFile], start: Snapshot, terms: Terms, rules: Sequence[Rule]
) -> tuple[Walked, Snapshot]:
    """What the rules find in these files, and the schema after them."""
    walk = _Walk(terms=terms, every=tuple(rules), before=start, released=start)
    for file in files:
        walk.file(file)
    walked = Walked(
        found=walk.found,
        files=walk.files,
        statements=walk.statements,
        understood=walk.understood,
    )
    return walked, walk.before


def report(walked: Sequence[Walked], left: Snapshot, terms: Terms) -> Report:
    """All that was found, but for what the schema after the last file shows to be made good."""
    return Report(
        findings=tuple(
            finding
            for one in walked
            for of_file in one.found
            for finding in _of_file(of_file, left, terms)
        ),
        files=sum(one.files for one in walked),
        statements=sum(one.statements for one in walked),
        understood=sum(one.understood for one in walked),
    )


def _of_file(of_file: _OfFile, left: Snapshot, terms: Terms) -> Iterator[Reported]:
    """Its findings by place."""
    found, marks, rules = of_file
    still = [finding for finding, unless in found if unless is None or not unless(left)]
    return once.counted(ignored.applied(still, marks, rules, terms.today), rules)


def after(files: Iterable[InputFile], start: Snapshot, terms: Terms) -> Snapshot:
    """The schema that files leave, in use by now."""
    walk = _Walk(terms=terms, every=(), before=start, released=start)
    for file in files:
        walk.file(replace(file, judged=False))
    walk.release()
    return walk.before


def _active(rules: Sequence[Rule], severities: Mapping[str, Severity | None]) -> Iterator[Rule]:
    """The rules that are on, with the severity that the settings give."""
    for rule in rules:
        severity = severities.get(rule.slug, rule.severity)
        if severity is not None:
            yield replace(rule, severity=severity)


class _Walk(Struct, kw_only=True):
    terms: Terms
    every: tuple[Rule, ...]
    rules: tuple[Rule, ...] = ()  # those that are on for the file
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    before: Snapshot  # the schema that the next statement meets
    released: Snapshot  # the schema that the release meets
    asked: dict[type, tuple[tuple[Rule, Check], ...]] = field(default_factory=dict)
    done: Past = field(default_factory=Past)  # by this release
    found: list[_OfFile] = field(default_factory=list)
    files: int = 0
    statements: int = 0
    understood: int = 0

    def file(self, file: InputFile) -> None:
        """Walk one file; its findings are kept where it is judged."""
        if file.judged:
            self._weigh(file.path)
        whole = psql.read(file.data, file.path)
        reads = [self._read(statement, parsed) for statement, parsed in whole.statements]
        reported = self._judged(file, whole, reads) if file.judged else []
        if not file.judged:
            self._pass(file, reads)
        for command in whole.commands:  # \i and \gexec change the schema, and nobody sees how
            self.before = _with_opaque(self.before, self.before.opaque or str(command.source))
            reported += self._unread(command)
        self.before = temporary.without(self.before)
        if not (file.judged and self.terms.one_release):
            self.release()
        if file.judged:
            reported += self._of_history(file)
            marks = ignores.read(whole.data, file.path, [one.source for one in whole.commands])
            self.found.append((reported, list(marks), self.rules))

    def _judged(
        self, file: InputFile, whole: psql.File, reads: list[tuple[Action, ...]]
    ) -> list[_Found]:
        """What its statements violate; the schema is that after them."""
        unread_places, reported = set[Source](), list[_Found]()
        for site in self._sites(file, reads):
            if site.understood:
                unread_places.add(site.action.source)
            reported += self._reported(site)
        self.files += 1
        self.statements += len(whole.statements) + len(whole.commands)
        self.understood += len(whole.statements) - len(unread_places)
        return reported

    def _pass(self, file: InputFile, reads: list[tuple[Action, ...]]) -> None:
        """The schema after a file that was released; what it locks matters no more."""
        how = blocks.mode(file.data, self.terms.transactions)
        numbers = blocks.numbers([actions[0] for actions in reads], how)
        last, start = None, self.before
        for actions, number in zip(reads, numbers, strict=True):
            if number != last:
                last, start = number, self.before
            self.before = assumed.put(self.before, assumed.tables(actions, self.before))
            for action in actions:
                self._put(action, apply.apply(_with_opaque(self.before, ""), action))
            if number is not None and blocks.kind_of(actions[0]) is Kind.ROLLBACK:
                self.before = start

    def _of_history(self, file: InputFile) -> Iterator[_Found]:
        place = Source(file=file.path, line=1, column=1)
        faults = (("edited-applied", file.edited), ("nonlinear-history", file.early))
        for slug in (slug for slug, holds in faults if holds):
            for found in self._by_slug(slug, place, f"{file.path} {file.gone}".rstrip()):
                yield found, None

    def _weigh(self, path: str) -> None:
        """The rules as the settings weigh them for the file."""
        severities = self.terms.severities_at(path)
        if not self.rules or severities != self.severities:
            self.severities, self.asked = severities, {}
            self.rules = tuple(_active(self.every, severities))

    def release(self) -> None:
        """What was made so far is in use from here on."""
        for table in having(self.before.tables, "created"):
            self.before = edits.put_table(self.before, replace(table, created=False))
        for type_ in having(self.before.types, "created"):
            self.before = edits.put_type(self.before, replace(type_, created=False))
        self.released = self.before
        self.done = Past()

    def _read(self, statement: Statement, parsed: Parsed) -> tuple[Action, ...]:
        """Its Actions, a name without schema being in the first of the search_path."""
        path = type_names.path(self.before, statement.settings)
        return authority.of_parsed(statement, parsed, path or ("public",))

    def _sites(self, file: InputFile, reads: list[tuple[Action, ...]]) -> Iterator[Site]:
        how = blocks.mode(file.data, self.terms.transactions)
        numbers = blocks.numbers([actions[0] for actions in reads], how)
        by_runner = how is not how.STATEMENT
        in_block: dict[int | None, list[tuple[Action, ...]]] = {}
        for actions, number in zip(reads, numbers, strict=True):
            in_block.setdefault(number, []).append(actions)
        works = {n: sum(blocks.works(a[0]) for a in each) for n, each in in_block.items()}
        last, earlier, locked = None, Past(), Locked()
        start = (self.before, self.released)
        for actions, number in zip(reads, numbers, strict=True):
            if number != last:
                last, earlier, locked = number, Past(), Locked()
                start = (self.before, self.released)
            same = in_block[number]
            block = None
            if number is not None:
                block = Block(
                    by_runner=by_runner,
                    alone=len(same) == 1,
                    works=works[number],
                    closed=by_runner or blocks.kind_of(same[-1][0]) in blocks.ENDS,
                    earlier=earlier,
                    locked=locked,
                )
            parts = list[Done]()
            for site in self._of_statement(actions, block):
                yield site
                done = Done(
                    action=site.action,
                    touches=site.on_used,
                    in_transaction=site.impact.in_transaction,
                    references=tuple(reading.referenced(site)),
                    fills=block is not None and row_changes.fills(site.action),
                )
                self.done.add(done)
                parts.append(done)
            for done in parts:
                earlier.add(done)
                self._hold(locked, done)
            if number is not None and blocks.kind_of(actions[0]) is Kind.ROLLBACK:
                self.before, self.released = start

    def _hold(self, locked: Locked, done: Done) -> None:
        """The transaction's locks with those of one Action more."""
        fact = done.action.fact
        touched = [touch.relation for touch in done.touches]
        if isinstance(fact, Fact) and fact.table is not None:  # perhaps a new one
            touched.append(fact.table)
        exclusive = [t.relation for t in done.touches if t.lock.blocks_reads]
        locked.add(touched, exclusive, self.before)
        said, settings = done.action.said, done.action.statement.settings
        if isinstance(said, AlterTable | RenameObject | SetSchema):
            locked.moved(touched, self.before)
        if isinstance(said, CreateTable) and locked.names:
            locked.made(lookup.found(said.table, self.before, settings), self.before)

    def _of_statement(self, actions: tuple[Action, ...], block: Block | None) -> Iterator[Site]:
        extra = assumed.tables(actions, self.before)
        self.before = assumed.put(self.before, extra)
        self.released = assumed.put(self.released, extra)
        impacts = of.worst(actions, self.before, self.terms.majors)
        whole = reduce(Impact.joined, impacts)
        for action, impact in zip(actions, impacts, strict=True):
            left = apply.apply(_with_opaque(self.before, ""), action)
            before, released = self.before, self.released
            touches = [t for t in impact.touches if not is_new(t.relation, before, released)]
            yield Site(
                action=action,
                before=before,
                used=used(action.fact, before, released),
                on_used=tuple(touches),
                impact=impact,
                whole=whole,
                released=released,
                block=block,
                understood=unread.reason(action, impact, left),
                lock_timeout_limit=self.terms.lock_timeout_limit,
                majors=self.terms.majors,
                parts=actions,
                done=self.done,
            )
            self._leave(action, left)

    def _leave(self, action: Action, left: Snapshot) -> None:
        """Continue with the schema after the Action, also what is in use by then."""
        self._put(action, left)
        if isinstance(action.said, DropObjects):
            self.released = temporary.without_dropped(self.released, self.before)
        if isinstance(action.said, RenameObject | SetSchema):
            known = replace(self.released, schemas=self.before.schemas)
            self.released = apply.apply(known, action)
        fact = action.fact
        if isinstance(action.said, CreateTable) and isinstance(fact, Fact) and fact.if_exists:
            table = None if fact.table is None else self.before.table(fact.table)
            self.released = assumed.put(self.released, () if table is None else (table,))

    def _put(self, action: Action, left: Snapshot) -> None:
        """Continue with the schema after the Action."""
        self.before = _with_opaque(left, self.before.opaque or left.opaque)
        self.before = temporary.put(self.before, action)

    def _reported(self, site: Site) -> Iterator[_Found]:
        for rule, check in self._asked_at(type(site.action.said)):
            for violation in check(site):
                fixed = rule.slug in self.severities
                yield _reported(rule, violation, site, fixed=fixed), violation.unless

    def _asked_at(self, said: type) -> tuple[tuple[Rule, Check], ...]:
        """The rules that are asked at Actions of which `said` is of that class."""
        if said not in self.asked:
            on = (rule for rule in self.rules if not rule.on or said in rule.on)
            self.asked[said] = tuple((r, r.check) for r in on if r.check is not None)
        return self.asked[said]

    def _unread(self, command: psql.Command) -> Iterator[_Found]:
        """psql's commands are no SQL."""
        word = command.text.split()[0]
        message = f"the psql command `{word}` is not SQL, so what it does is not known"
        for rule in self.rules:
            if rule.slug == unparsed_statement.RULE.slug:
                remedy = (
                    "remove it, write it as SQL, or ignore it with the reason why it is safe"
                )
                found = ignored.of_file(rule, command.source, message, remedy)
                yield replace(found, statement=command.text), None

    def _by_slug(self, slug: str, place: Source, what: str) -> Iterator[Reported]:
        for rule in self.rules:
            if rule.slug == slug:
                yield ignored.of_file(
                    rule, place, f"{what}: {rule.problem[0].lower()}{rule.problem[1:-1]}"
                )


def _with_opaque(snapshot: Snapshot, opaque: str) -> Snapshot:
    return snapshot if snapshot.opaque == opaque else replace(snapshot, opaque=opaque)


def _reported(rule: Rule, violation: Violation, site: Site, *, fixed: bool) -> Reported:
    """`fixed`: the settings say how much the rule weighs."""
    own = None if fixed else violation.severity
    severity = own or rule.severity or Severity.ERROR
    lock, relations = _strongest(site)
    return Reported(
        rule=rule.slug,
        level=Level(severity.value),
        message=violation.message,
        remedy=violation.remedy,
        source=site.action.source,
        statement=site.action.statement.sql.strip().replace("\r\n", "\n"),
        lock=lock,
        relations=relations,
        planned=rule.planned.value,
        fix=None if rule.fix is None else rule.fix(site),
    )


def _strongest(site: Site) -> tuple[str, tuple[str, ...]]:
    """The strongest lock on what is in use, and what it is on; modes are listed from weak to
    strong."""
    if not site.on_used:
        return "", ()
    mode = max((touch.lock for touch in site.on_used), key=_ORDER.index)
    return mode.value, tuple(str(t.relation) for t in site.on_used if t.lock is mode)
