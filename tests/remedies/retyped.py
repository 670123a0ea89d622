"""Types that change under the name of their column."""

from tests.remedies.entry import CONTRACT, Entry

SLUG = "type_cannot_keep_name"
CHECKED = (
    "CREATE TABLE t (id bigint PRIMARY KEY, c text CONSTRAINT k CHECK (char_length(c) < 9));"
)
SHORT = "ALTER TABLE t ALTER c TYPE varchar(9);"
CHECK = 'ALTER TABLE t ADD CHECK (char_length("c") <= 9);'
ROUND = "ALTER TABLE t ALTER p TYPE numeric(12,4);"
SEES = "ALTER TABLE t ADD CONSTRAINT k CHECK (scale(p) <= 4);"

ENTRIES = (
    Entry(
        slug="type_change_rewrites",
        before="CREATE TABLE t (id bigint PRIMARY KEY, c text);",
        refused=SHORT,
        fixed=(CHECK, SHORT),
    ),
    Entry(
        slug=SLUG,
        before=CHECKED,
        refused=f"{SHORT} ALTER TABLE t DROP CONSTRAINT k;",
        fixed=(SHORT, "ALTER TABLE t DROP CONSTRAINT k;"),
    ),
    Entry(
        slug=SLUG,
        before="CREATE TABLE t (id bigint PRIMARY KEY, p numeric(10,2)"
        " CONSTRAINT k CHECK (scale(p) <= 2));",
        refused=ROUND,
        fixed=(f"{CONTRACT}ALTER TABLE t DROP CONSTRAINT k;", ROUND, SEES),
    ),
    Entry(
        slug="hazard",
        before="CREATE TABLE t (id bigint PRIMARY KEY, c json, p numeric(10,2));"
        "CREATE FUNCTION f(json) RETURNS text LANGUAGE sql AS $$SELECT $1 ->> 'a'$$;",
        refused=f"ALTER TABLE t ALTER c TYPE jsonb; {ROUND}",
        fixed=(f"ALTER TABLE t ALTER c TYPE jsonb; {ROUND}",),
    ),
)
