"""The operator's own gate: a number from a SQL query, or from Prometheus' HTTP API."""

import http.client
import json
import math
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from zdm.backfill.gates import Reading, Unreadable
from zdm.postgres.backfill.gate_queries import Look

TIMEOUT_SECONDS = 5.0


def sql(look: Look) -> Reading | Unreadable:
    """The first column of the first row; runs in a read-only transaction."""
    with look.connection.transaction():
        look.connection.execute("SET TRANSACTION READ ONLY")
        row = look.connection.execute((look.limits.sql or "").encode()).fetchone()
    if row is None or row[0] is None:
        return Unreadable(reason="the query gave no value")
    return _reading(row[0], "the query", look.limits.sql_above)


def prometheus(look: Look) -> Reading | Unreadable:
    """The largest value that the query gives now."""
    address = f"{(look.limits.prometheus or '').rstrip('/')}/api/v1/query"
    query = urllib.parse.urlencode({"query": look.limits.prometheus_query or ""})
    if not address.startswith(("http://", "https://")):
        return Unreadable(reason="the address of Prometheus is no http URL")
    try:
        with urllib.request.urlopen(f"{address}?{query}", timeout=TIMEOUT_SECONDS) as answer:
            values = _values(json.load(answer))
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        return Unreadable(reason=f"Prometheus: {error}")
    if not values:
        return Unreadable(reason="Prometheus has no value for the query")
    return _reading(max(values), "Prometheus", look.limits.prometheus_above)


def _values(answer: Any) -> list[float]:
    """Values of a vector or a scalar (Prometheus, HTTP API); ValueError for anything else."""
    try:
        data = answer["data"]
        if data["resultType"] == "scalar":
            return [float(data["result"][1])]
        return [float(sample["value"][1]) for sample in data["result"]]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("its answer is not that of a query") from error


def _reading(value: Any, source: str, limit: float | None) -> Reading | Unreadable:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return Unreadable(reason=f"{source} gave {value!r}, which is no number")
    if math.isnan(number):
        return Unreadable(reason=f"{source} gave NaN")
    return Reading(value=number, detail=f"{source} gives {number:g} (limit {limit:g})")
