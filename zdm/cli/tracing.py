"""Makes the observer that sends a trace, where the extra `otel` is installed."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from zdm.errors import InputError
from zdm.postgres.session import connection

if TYPE_CHECKING:
    from zdm.observe.tracing import Tracing

VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
INSTALL = "pip install 'zdm-orchestrator[otel]'"


def is_configured() -> bool:
    """Whether the environment says where traces go, and not that there are none."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    none = os.environ.get("OTEL_TRACES_EXPORTER", "") == "none"
    return any(os.environ.get(name) for name in VARIABLES) and not (off or none)


def observer(
    url: str, now: Callable[[], datetime], *, asked: bool, complain: Callable[[str], None]
) -> "Tracing | None":
    """The trace of a run; None where only the environment wanted one and none can be made."""
    try:
        from zdm.observe import tracing
    except ModuleNotFoundError as error:
        missing = "a trace is wanted, and OpenTelemetry is not installed"
        if asked:
            raise InputError(missing, hint=f"`{INSTALL}`, or leave --trace out") from error
        complain(f"{missing}, so there is none (`{INSTALL}`)")
        return None
    return tracing.Tracing(
        tracing.exporter(os.environ),
        database=connection.place(url),
        environ=os.environ,
        now=now,
    )
