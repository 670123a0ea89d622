import gzip
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.cli.conftest import Zdm
from tests.cli.test_run import PASSWORD, prepare, shop
from tests.observe.test_server import get
from zdm import observe as zdm_observe
from zdm.postgres.session import connection

__all__ = ["shop"]  # a fixture


def test_off_a_terminal_each_line_of_the_log_is_json_and_so_is_the_failure(
    zdm: Zdm, shop: str
) -> None:
    prepare(zdm, shop)
    answer = zdm("execute", "plan.yaml", "--database", shop)
    lines = [json.loads(line) for line in answer.err.splitlines()]

    assert answer.code == 4
    assert {(line["run"], line["plan"]) for line in lines} == {(1, "0007")}
    assert lines[0]["event"] == "run_started"
    assert (lines[-1]["event"], lines[-1]["kind"], lines[-1]["exit_code"]) == (
        "run_failed",
        "StoppedError",
        4,
    )
    assert "--assume-deployed" in lines[-1]["hint"]


def test_a_person_can_ask_for_prose_where_there_is_no_terminal(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    answer = zdm(
        "execute",
        "plan.yaml",
        "--until",
        "expanded",
        "--log-format",
        "human",
        "--database",
        shop,
    )

    assert answer.code == 0
    assert answer.err.startswith("plan 0007: run 1 begins")


def test_a_rollback_is_logged_too(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)
    answer = zdm("rollback", "--assume-deployed", "--database", shop)
    lines = [json.loads(line) for line in answer.err.splitlines()]

    assert (answer.code, lines[-1]["event"]) == (0, "run_stopped")
    assert {(line["run"], line["plan"]) for line in lines} == {(1, "0007")}
    assert "step_reverted" in {line["event"] for line in lines}


def test_the_status_is_told_as_metrics(zdm: Zdm, shop: str) -> None:
    none_yet = zdm("status", "--prometheus", "--database", shop)
    prepare(zdm, shop)
    zdm("execute", "plan.yaml", "--until", "backfilled", "--database", shop)
    answer = zdm("status", "--prometheus", "--database", shop)
    place = shop.rpartition("@")[2]

    assert f'zdm_pending_contract_age_seconds{{database="{place}"}} 0.0\n' in none_yet.out
    assert answer.code == 0
    assert f'zdm_run_info{{database="{place}",plan="0007",run="1"}} 1.0\n' in answer.out
    assert f'zdm_run_state{{database="{place}",state="backfilled"}} 1.0\n' in answer.out
    assert 'table="users"} 2000.0\n' in answer.out
    age = re.findall(r"^zdm_pending_contract_age_seconds.* (.*)$", answer.out, re.MULTILINE)
    assert float(age[0]) > 0
    assert "zdm_backfill_wal_bytes{" in answer.out
    assert PASSWORD not in answer.out


def test_a_journal_that_cannot_be_read_is_a_metric_and_an_exit_code(zdm: Zdm) -> None:
    answer = zdm("status", "--prometheus", "--database", "postgresql://u@127.0.0.1:1/gone")

    assert answer.code == 75
    assert 'zdm_journal_up{database="127.0.0.1:1/gone"} 0.0\n' in answer.out


@contextmanager
def held(url: str) -> Iterator[None]:
    """The table is locked in a transaction that does not end."""
    with connection.connect(url, name="tests", autocommit=False, tuned=False) as holder:
        holder.execute("LOCK TABLE users IN SHARE MODE")
        yield
        holder.rollback()


def test_a_run_shows_metrics_and_health_while_it_waits(
    zdm: Zdm, shop: str, tmp_path: Path
) -> None:
    prepare(zdm, shop)
    command = ["execute", "plan.yaml", "--listen", "127.0.0.1:0", "--database", shop]
    with (
        held(shop),
        subprocess.Popen(
            [sys.executable, "-m", "zdm", *command],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        url = json.loads(process.stderr.readline())["address"]
        while "waiting" not in (line := process.stderr.readline()):
            assert line, "it ended before it waited"
        pages = {page: get(f"{url}/{page}") for page in ("metrics", "healthz", "readyz")}
        process.send_signal(signal.SIGTERM)
        process.stderr.read()

    assert process.returncode == 75
    assert {code for code, _ in pages.values()} == {200}
    assert pages["healthz"][1].startswith("waiting for lock since ")
    assert (
        f'zdm_waiting{{database="{shop.rpartition("@")[2]}",gate="lock"}} 1.0\n'
        in (pages["metrics"][1])
    )
    assert "zdm_run_info{" in pages["metrics"][1]


@contextmanager
def otlp_sink() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A collector that takes OTLP over HTTP; its URL, and what it was sent."""
    got: list[ExportTraceServiceRequest] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", got
        server.shutdown()
        thread.join()


def spans(got: list[ExportTraceServiceRequest]) -> list[Span]:
    return [
        span
        for request in got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_a_trace_is_sent_where_the_environment_says(
    zdm: Zdm, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(zdm, shop)
    with otlp_sink() as (url, got):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        answer = zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)
    names = [span.name for span in spans(got)]

    assert answer.code == 0
    assert names[-1] == "zdm run 0007"
    assert "phase expand" in names


def test_a_trace_is_sent_before_sigterm_ends_the_run(
    zdm: Zdm, shop: str, tmp_path: Path
) -> None:
    prepare(zdm, shop)
    trace = "0af7651916cd43dd8448eb211c80319c"
    with (
        otlp_sink() as (url, got),
        held(shop),
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "zdm",
                "execute",
                "plan.yaml",
                "--trace",
                "--database",
                shop,
            ],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "OTEL_EXPORTER_OTLP_ENDPOINT": url,
                "TRACEPARENT": f"00-{trace}-b7ad6b7169203331-01",
            },
        ) as process,
    ):
        assert process.stderr is not None
        while "waiting" not in (line := process.stderr.readline()):
            assert line, "it ended before it waited"
        process.send_signal(signal.SIGTERM)
        process.stderr.read()
    run = next(span for span in spans(got) if span.name == "zdm run 0007")

    assert process.returncode == 75
    assert run.trace_id.hex() == trace
    assert run.status.message == "stopped on request; the journal holds what was done"


def test_a_collector_that_is_not_there_stops_nothing_and_is_said(
    zdm: Zdm, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(zdm, shop)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    answer = zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)
    lines = [json.loads(line) for line in answer.err.splitlines()]

    assert (answer.code, answer.out) == (0, "expanded\n")
    assert lines[-1]["reason"].startswith("the trace was not delivered: ")


@pytest.fixture
def no_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra is not installed."""
    monkeypatch.setitem(
        sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None
    )
    monkeypatch.delitem(sys.modules, "zdm.observe.tracing", raising=False)
    monkeypatch.delattr(zdm_observe, "tracing", raising=False)


@pytest.mark.usefixtures("no_opentelemetry")
def test_without_the_extra_a_trace_that_is_asked_for_is_refused(zdm: Zdm, shop: str) -> None:
    prepare(zdm, shop)
    answer = zdm("execute", "plan.yaml", "--trace", "--log-format", "human", "--database", shop)

    assert answer.code == 2
    assert "pip install 'zdm-orchestrator[otel]'" in answer.err


@pytest.mark.usefixtures("no_opentelemetry")
def test_without_the_extra_the_environments_wish_is_only_a_warning(
    zdm: Zdm, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(zdm, shop)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    answer = zdm("execute", "plan.yaml", "--until", "expanded", "--database", shop)

    assert answer.code == 0
    assert (
        "pip install 'zdm-orchestrator[otel]'"
        in json.loads(answer.err.splitlines()[0])["reason"]
    )
