"""An application for the driver's tests: an HTTP server that misbehaves as it is told.

    python application.py PORT VERSION FAULTS

FAULTS is a comma-separated list, each `VERSION:FAULT` or `FAULT` for every version. One that
drains slowly, or lingers, does so until the file GO_ON is there.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

port, version = int(sys.argv[1]), sys.argv[2]
faults = {
    fault.rpartition(":")[2]
    for fault in sys.argv[3].split(",")
    if fault.partition(":")[0] == version or ":" not in fault
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/asked":
            asked.append(self.path)
            if "stutters" in faults and len(asked) == 3:
                time.sleep(1.5)  # longer than a probe waits
        ready = not draining.is_set() and "never_ready" not in faults
        self.send_response(200 if ready else 503)
        self.send_header("Asked", str(len(asked)))
        self.end_headers()
        self.wfile.write(os.environ["PGAPPNAME"].encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


def wait_to_go_on() -> None:
    while not Path(os.environ["GO_ON"]).exists():
        time.sleep(0.02)


def drain() -> None:
    if "slow_drain" in faults:
        wait_to_go_on()
    server.shutdown()


asked: list[str] = []
draining = threading.Event()
if "crash" in faults:
    sys.exit("no table users here")
if "child" in faults:  # it outlives its parent, and the session
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
server = ThreadingHTTPServer(("127.0.0.1", port), Handler)


def stop(*_: object) -> None:
    draining.set()
    if "ignores_sigterm" in faults:
        return
    threading.Thread(target=drain).start()


signal.signal(signal.SIGTERM, stop)
if "crash_later" in faults:
    threading.Timer(0.4, lambda: os._exit(7)).start()
if "connect" in faults:
    import psycopg

    connection = psycopg.connect(os.environ["DATABASE_URL"])
server.serve_forever(poll_interval=0.05)
server.server_close()
if "lingers" in faults:  # the socket is closed, the process is not
    wait_to_go_on()
