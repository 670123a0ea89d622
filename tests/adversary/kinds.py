"""Column types of random worlds, each with the values that tend to be wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One type: `values` are literals from its edges, `unique` gives one for each number."""

    name: str  # as format_type prints it
    values: tuple[str, ...]
    unique: str = ""  # a literal with {n}
    since: int = 14
    makes: str = ""  # what the world creates before


def _texts(*more: str) -> tuple[str, ...]:
    return ("''", "'a'", "' B '", "'CamelCase'", "'1'", "'ü'", *more)


KINDS = (
    Kind(name="integer", values=("0", "1", "-1", "2147483647", "-2147483648"), unique="{n}"),
    Kind(name="smallint", values=("0", "32767", "-32768", "7"), unique="{n}"),
    Kind(
        name="bigint",
        values=("0", "1", "9223372036854775807", "-9223372036854775808"),
        unique="{n}",
    ),
    Kind(name="text", values=_texts("'null'", "'2024-02-03'"), unique="'t{n}'"),
    Kind(name="character varying(20)", values=_texts("'12345'"), unique="'v{n}'"),
    Kind(name="character(6)", values=("''", "'a'", "' b'", "'abcdef'"), unique="'c{n}'"),
    Kind(name="numeric", values=("0", "1.0", "1.00", "'NaN'", "1e20"), unique="{n}.50"),
    Kind(name="numeric(8,2)", values=("0", "1.50", "-999999.99", "'NaN'"), unique="{n}.25"),
    Kind(name="numeric(12,4)", values=("0", "1.5000", "'NaN'"), unique="{n}.7500"),
    Kind(name="boolean", values=("true", "false")),
    Kind(
        name="date",
        values=("'2024-02-03'", "'0044-03-15 BC'", "'infinity'", "'2000-12-31'"),
    ),
    Kind(
        name="timestamp without time zone",
        values=("'2024-02-03 02:00'", "'infinity'", "'1999-12-31 23:59:59.999999'"),
    ),
    Kind(
        name="timestamp with time zone",
        values=("'2024-02-03 02:00+00'", "'-infinity'", "'2024-06-30 23:30:00+02'"),
    ),
    Kind(name="json", values=("'{\"a\": 1}'", '\'{"a":1, "a":2}\'', "'[]'", "'null'")),
    Kind(name="jsonb", values=("'{\"a\": 1}'", "'[]'", "'null'", "'\"x\"'")),
    Kind(
        name="uuid",
        values=("'00000000-0000-0000-0000-000000000000'",),
        unique="'00000000-0000-4000-8000-{n:012d}'",
    ),
    Kind(name="double precision", values=("0", "'-0'", "'NaN'", "0.1", "1e300")),
    Kind(name="real", values=("0", "'NaN'", "0.1", "1e30")),
    Kind(name="bytea", values=("'\\x'", "'\\x00ff'")),
    Kind(name="inet", values=("'10.0.0.1'", "'10.0.0.0/8'", "'::1'")),
    Kind(name="interval", values=("'0'", "'1 mon'", "'30 days'", "'-1 day 02:00'")),
    Kind(name="integer[]", values=("'{}'", "'{1,NULL}'", "'{{1,2},{3,4}}'")),
    Kind(name="text[]", values=("'{}'", "'{a,\"b c\",NULL}'")),
    Kind(name="int4range", values=("'empty'", "'[1,5)'", "'(,)'")),
    Kind(name="point", values=("'(0,0)'", "'(1.5,-2)'")),
    Kind(name="citext", values=_texts(), unique="'t{n}'"),
    Kind(
        name="mood",
        values=("'sad'", "'ok'", "'very happy'"),
        makes="CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'very happy');",
    ),
    Kind(
        name="pair",
        values=("'(,)'", "'(1,)'", "'(1,b)'", "'(,\"\")'"),
        makes="CREATE TYPE public.pair AS (a integer, b text);",
    ),
    Kind(
        name="named",
        values=_texts(),
        unique="'d{n}'",
        makes="CREATE DOMAIN public.named AS text DEFAULT 'dd';",
    ),
    Kind(
        name="positive",
        values=("1", "2", "2147483647"),
        unique="{n}",
        makes="CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0);",
    ),
    Kind(
        name="plain",
        values=_texts(),
        unique="'p{n}'",
        makes="CREATE DOMAIN public.plain AS varchar(30);",
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
TEXTS = ("text", "character varying(20)", "citext", "plain", "named")
NUMBERS = ("integer", "smallint", "bigint")
