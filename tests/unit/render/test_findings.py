from tests.golden import Golden
from zdm.model.findings import Finding, Severity
from zdm.model.statement import Source
from zdm.render import findings


def test_a_finding_has_place_statement_fact_and_remedy(golden: Golden) -> None:
    known = Finding(
        slug="no_operation",
        severity=Severity.ERROR,
        message="zdm has no safe way yet for this statement (drop table)",
        remedy="take it out",
        source=Source(file="migrations/0007.sql", line=3, column=1),
        statement="DROP TABLE users\n  CASCADE",
    )
    bare = Finding(slug="odd", severity=Severity.WARN, message="it is odd", remedy="")

    golden.check("findings.txt", findings.render([known, bare]) + "\n")
