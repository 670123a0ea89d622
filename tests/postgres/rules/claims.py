"""What each rule says of the server, to be seen in its refused cases and not in its allowed
ones."""

from dataclasses import dataclass, replace
from enum import Enum

from zdm.model.locks import LockMode

AE, SRE, S = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE_ROW_EXCLUSIVE, LockMode.SHARE


class Effect(Enum):
    """What is seen of a relation that was there before, while writes to it wait."""

    REWRITES = "rewrites"
    BUILDS = "builds"
    SCANS = "scans"
    MOVES = "moves"  # the file of a table or of an index, under a lock on either


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One of `effect`, `lock`, `error`, `old` and `changed`. `alike` is False where the
    allowed cases may show the same, since they differ in a setting or in what follows."""

    effect: Effect | None = None
    lock: LockMode | None = None
    on: str = ""  # the relation that is locked; empty: any that was there
    tables: int = 1  # so many of them are
    error: tuple[str, ...] = ()  # the file fails with one of these codes
    old: tuple[str, ...] = ()  # of these statements of the old version, one fails afterwards
    answers: str = ""  # a query that gives another answer afterwards
    alike: bool = True
    since: int = 14
    until: int = 18
    only: tuple[tuple[str, int, int], ...] = ()  # cases of fewer versions: from and up to


def effect(one: Effect, **more: object) -> Claim:
    return replace(Claim(effect=one), **more)  # type: ignore[arg-type]  # fields of Claim


def locks(lock: LockMode = AE, **more: object) -> Claim:
    return replace(Claim(lock=lock), **more)  # type: ignore[arg-type]  # fields of Claim


def fails(*codes: str, **more: object) -> Claim:
    return replace(Claim(error=codes), **more)  # type: ignore[arg-type]  # fields of Claim


def breaks(*old: str, **more: object) -> Claim:
    return replace(Claim(old=old), **more)  # type: ignore[arg-type]  # fields of Claim


def changes(answer: str, **more: object) -> Claim:
    return replace(Claim(answers=answer), **more)  # type: ignore[arg-type]  # fields of Claim


REWRITES = effect(Effect.REWRITES)
BUILDS = effect(Effect.BUILDS)
SCANS = effect(Effect.SCANS)
MOVES = effect(Effect.MOVES)
USERS_ROW = "INSERT INTO users (id, org_id, email) VALUES (9001, 1, 'new')"

CLAIMS: dict[str, Claim] = {
    "add-column-volatile-default": REWRITES,
    "add-column-serial": REWRITES,
    "add-column-identity": REWRITES,
    "add-column-stored-generated": effect(Effect.REWRITES, only=(("allowed_2", 18, 18),)),
    "add-column-constrained-domain": REWRITES,
    "change-column-type-rewrite": REWRITES,
    "set-logged-unlogged": REWRITES,
    "set-tablespace": MOVES,
    "set-access-method": effect(Effect.REWRITES, since=15),
    "cluster-vacuum-full": REWRITES,
    "set-expression-rewrite": effect(Effect.REWRITES, since=18),  # VIRTUAL beside it is of 18
    "bigint-column-integer-sequence": changes(
        "SELECT data_type FROM pg_sequences WHERE sequencename = 'posts_id_seq'"
        " AND data_type::text <> (SELECT format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = 'posts'::regclass AND attname = 'id')"
    ),
    "change-column-type-index-rebuild": BUILDS,
    "add-column-inline-unique": BUILDS,
    "unique-constraint-builds-index": BUILDS,
    "primary-key-builds-index": BUILDS,
    "exclusion-constraint": BUILDS,
    "index-not-concurrent": BUILDS,
    "reindex-not-concurrent": BUILDS,
    "change-column-type-rechecks-check": SCANS,
    "set-not-null-scan": effect(
        Effect.SCANS, only=(("refused_5", 18, 18), ("allowed_2", 18, 18))
    ),
    "set-not-null-with-drop-check-same-stmt": SCANS,
    "set-not-null-over-notvalid-nn": effect(Effect.SCANS, since=18),
    "add-column-virtual-generated": effect(Effect.SCANS, since=18),
    "add-column-inline-check": SCANS,
    "add-column-inline-references": SCANS,
    "check-constraint-without-not-valid": SCANS,
    "foreign-key-without-not-valid": SCANS,
    "primary-key-using-index-nullable": SCANS,
    "alter-constraint-enforced": effect(Effect.SCANS, since=18),
    "domain-constraint": SCANS,
    "attach-partition-scan": SCANS,
    "validate-in-same-transaction": SCANS,
    "statement-while-holding-access-exclusive": SCANS,
    "multiple-alter-same-table": effect(Effect.REWRITES, alike=False),
    "missing-statement-timeout": changes(
        "SELECT min(xmin::text::bigint) FROM users", alike=False
    ),
    "add-column-not-null-no-default": fails("23502"),
    "add-column-inline-primary-key": fails("23502", "42P16"),
    "change-column-type-blocked-dependents": fails("0A000"),
    "fk-not-valid-on-partitioned": fails("42809", until=17),
    "using-index-ineligible": fails("42809", "0A000", "42704", "55000"),
    "concurrently-in-transaction": fails("25001"),
    "concurrently-multi-or-cascade": fails("0A000"),
    "concurrently-on-partitioned": fails("0A000"),
    "enum-value-used-in-same-tx": fails("55P04", only=(("refused_3", 14, 16),)),
    "view-column-change": fails("42P16"),
    "index-not-concurrent-drop": locks(),
    "change-column-type-fk-partner-lock": locks(tables=2),
    "drop-table-with-foreign-keys": locks(on="orgs"),
    "multiple-access-exclusive-tables": locks(tables=2, alike=False),
    "multiple-foreign-keys": locks(SRE, tables=3, alike=False),
    "missing-lock-timeout": locks(S, alike=False),
    "lock-timeout-too-long": locks(S, alike=False),
    "missing-application-name": locks(S, alike=False),
    "missing-idle-in-transaction-timeout": locks(S, alike=False),
    "missing-transaction-timeout": locks(S, alike=False, since=17),
    "lock-table-explicit": locks(),
    "backfill-with-ddl": locks(alike=False),
    "create-partition-of": locks(),
    "detach-partition-blocking": locks(),
    "drop-partition": locks(on="parts", alike=False),
    "refresh-matview-blocking": locks(),
    "rls-policy-change": locks(),
    "drop-policy": locks(),
    "create-rule": locks(),
    "drop-rule": locks(),
    "drop-trigger": locks(),
    "rename-trigger": locks(on="users"),
    "create-trigger": locks(SRE),
    "enable-disable-trigger": locks(SRE),
    "replica-identity-change": locks(),
    "sequence-set-back": changes("SELECT last_value FROM numbers"),
    "rename-constraint": breaks(
        "EXPLAIN INSERT INTO users VALUES (1, 'a', 'a')"
        " ON CONFLICT ON CONSTRAINT users_email DO NOTHING"
    ),
    "inherit-change": changes("SELECT count(*) FROM events"),
    "publication-without-identity": breaks("UPDATE log SET line = 'x'"),
    "storage-params": locks(alike=False),
    "rename-index-via-alter-table": locks(),
    "truncate": locks(),
    "truncate-cascade": locks(on="marks"),
    "alter-sequence-blocks-nextval": locks(SRE, on="numbers", alike=False),
    "drop-constraint": locks(alike=False),
    "constraint-not-valid-left-behind": changes(
        "SELECT count(*) FROM pg_constraint WHERE NOT convalidated AND conrelid > 0"
    ),
    "drop-column": breaks("SELECT name FROM users"),
    "drop-table": breaks("SELECT id FROM users"),
    "drop-view": breaks("SELECT * FROM names"),
    "drop-function": breaks("SELECT total(1)"),
    "drop-type": breaks("SELECT 'good'::mood"),
    "drop-domain": breaks("SELECT 1::price"),
    "drop-sequence": breaks("SELECT nextval('numbers')"),
    "drop-extension": breaks("SELECT 'a'::citext"),
    "drop-schema": breaks("CREATE TABLE old.t (a int)"),
    "drop-with-cascade": breaks("SELECT * FROM names", "SELECT 'good'::mood"),
    "rename-column": breaks("SELECT name FROM users", "SELECT name FROM names"),
    "rename-table": breaks("SELECT id FROM users"),
    "rename-object": breaks("SELECT * FROM names", "SELECT (NULL::mood).a"),
    "rename-schema": breaks("CREATE TABLE old.t (a int)"),
    "rename-enum-value": breaks("SELECT 'good'::mood"),
    "set-schema": breaks("SELECT id FROM users"),
    "composite-attribute": breaks("SELECT '(1,2)'::pair"),
    "drop-default": changes(
        "SELECT count(*) FILTER (WHERE atthasdef), count(*) FILTER (WHERE attnotnull)"
        " FROM pg_attribute WHERE attrelid = 'users'::regclass",
        alike=False,
    ),
    "drop-identity": breaks("INSERT INTO posts DEFAULT VALUES"),
    "set-generated-always": breaks("INSERT INTO posts (id) VALUES (9001)"),
    "new-write-restriction": breaks(
        "INSERT INTO users (id, org_id, email, name) VALUES (9001, 1, 'new', '')",
        "INSERT INTO users (id, org_id, email, name) VALUES (9002, 1, 'v@1', 'x')",
        "INSERT INTO users (id, org_id, email) VALUES (9003, 1, 'new')",
    ),
    "not-null-check-before-backfill": breaks("UPDATE users SET email = email WHERE id = 1"),
    "revoke": changes(
        "SELECT has_table_privilege('reader', 'users', 'SELECT'),"
        " pg_has_role('reader', 'admin', 'MEMBER')"
    ),
    "int-pk-overflow": changes(
        "SELECT count(*) FROM pg_attribute AS a JOIN pg_index AS i ON i.indrelid = a.attrelid"
        " AND i.indisprimary AND i.indkey::text = a.attnum::text"
        " WHERE atttypid IN ('integer'::regtype, 'smallint'::regtype) AND attrelid > 16000"
    ),
    "compat-view-limits": breaks("TRUNCATE users"),
    "drop-enum-value": changes("SELECT count(*) FROM pg_enum"),
    "drop-not-null": changes(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnotnull"
    ),
    "drop-expression": changes(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'posts'::regclass"
        " AND attgenerated <> ''"
    ),
    "set-default": changes(
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'levels'::regclass"
    ),
    "add-enum-value": changes("SELECT enum_range(NULL::mood)::text"),
    "function-replace": changes("SELECT one()"),
    "view-replace": changes("SELECT string_agg(name, ',' ORDER BY name) FROM names"),
    "delete-without-where": changes("SELECT count(*) > 0 FROM users"),
    "update-without-where": changes("SELECT min(xmin::text::bigint) FROM users"),
    "data-migration-in-schema-migration": changes(
        "SELECT sum(coalesce(u.xmin::text::bigint, 0) + coalesce(o.xmin::text::bigint, 0))"
        " FROM users AS u FULL JOIN orgs AS o USING (id)",
        alike=False,
        only=(("refused_4", 15, 18),),  # MERGE
    ),
}

# The fixed form of a rule leaves another schema, and why.
_LATER = "filling it, NOT NULL and the rest are of later releases"
OTHERWISE: dict[str, str] = {
    "add-column-identity": _LATER,
    "add-column-serial": _LATER,
    "add-column-stored-generated": _LATER,
    "change-column-type-rewrite": _LATER,
    "add-column-constrained-domain": "the base type with a CHECK in the domain's place",
    "add-column-inline-references": "an index, and another name",
    "foreign-key-without-not-valid": "an index",
    "constraint-not-valid-left-behind": "the constraint is validated",
    "detach-partition-blocking": "CONCURRENTLY leaves a CHECK of the bounds",
    "int-pk-overflow": "bigint in the place of integer",
    "publication-without-identity": "the table is left out, or gets a replica identity",
}
FAILING = {slug for slug, claim in CLAIMS.items() if claim.error}  # so that nothing is left

SILENT: dict[str, str] = {
    "cascade-fk-actions": "what it warns of depends on later DELETEs",
    "fk-missing-index": "what it warns of depends on later DELETEs",
    "fk-type-mismatch": "what it warns of depends on later values",
    "index-duplicate": "costs of later writes",
    "index-wide": "costs of later writes",
    "replace-index-order": "plans of later queries",
    "concurrently-with-lock-timeout": "it depends on other transactions",
    "cic-if-not-exists-masks-invalid": "it depends on an earlier attempt",
    "non-idempotent-non-tx-step": "it depends on a later failure",
    "transaction-nesting": "about the runner",
    "uncommitted-transaction": "about the runner",
    "set-local-outside-transaction": "a warning of the server",
    "unparsed-statement": "about what zdm reads",
    "extension-ops": "it depends on the extension's script",
    "create-table-force": "it depends on what the database holds",
    "drop-database": "it has no database to lose in a test",
    "prepared-plan-shape-change": "measured with clients (postgres-facts, 9)",
    "alter-database": "settings of later sessions",
    "alter-role": "settings of later sessions",
    "alter-system": "settings of the server that tests share",
    "index-corruption-14": "a fault of old versions",
    "index-invalid-leftover": "its case is a snapshot",
    "publication-column-list": "its case is a snapshot",
    "enum-ordering": "style",
    "create-enum": "style",
    "security-definer-search-path": "style",
}
