"""The child process as the parent sees it: one per command, started early, asked in turn.

Importing Alembic takes most of a second; the parent never does, and starts the child before it
looks for a shadow. Output of the revisions is kept from the user's terminal and shown only with
an error. Everything has a time limit, after which the child's whole process group is killed.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from msgspec import field
from msgspec.structs import replace

import zdm
from zdm.config.settings import Settings
from zdm.errors import InputError
from zdm.execute.clock import SystemClock
from zdm.model.fields.hidden import Hiding
from zdm.revisions import child_environment, network, shadow_address
from zdm.serialize import input_file

TIME_LIMIT = timedelta(minutes=10)  # a long history replayed from its beginning takes minutes
_TAIL = 5


class Project(Hiding, frozen=True, kw_only=True):
    """Whose revisions are run, and with which Python."""

    hidden: ClassVar[tuple[str, ...]] = ("environ",)

    ini: Path
    root: Path  # paths in messages and plans are relative to it
    environ: Mapping[str, str]
    python: str = sys.executable
    time_limit: timedelta = TIME_LIMIT
    variables: Mapping[str, str] = field(default_factory=dict)  # more that env.py needs
    prefix: tuple[str, ...] = ()  # words before the command: what it runs in


def project(settings: Settings, environ: Mapping[str, str]) -> Project:
    """The Alembic project that the settings name; InputError where they name none."""
    alembic = settings.alembic
    if alembic is None:
        raise InputError(
            "no Alembic environment is set, so there are no revisions",
            hint="set `ini` under [alembic] in zdm.toml, or make one: alembic init migrations",
        )
    return Project(
        ini=alembic.ini,
        root=settings.root,
        environ=environ,
        python=str(alembic.python or sys.executable),
        variables=dict(alembic.environment),
    )


def recorded(settings: Settings, environ: Mapping[str, str], *, sockets: bool) -> Project:
    """The project as its revisions are recorded: without network, where zdm's own shadow is
    reached through a socket."""
    described = project(settings, environ)
    if settings.shadow_url is None and sockets:
        described = replace(described, prefix=network.cut_off())
    return described


class Child:
    """A running child; ends with the block."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.sockets: Path | None = None
        self._clock = SystemClock()
        self._scratch = tempfile.TemporaryDirectory(prefix="zdm-revisions-")
        self.home = Path(self._scratch.name)
        self._ends = contextlib.ExitStack()
        self._buffer = b""
        self._ends.callback(self._scratch.cleanup)
        self._output = self._ends.enter_context((self.home / "output").open("wb"))
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> None:
        if not input_file.is_file(self.project.ini):
            self._ends.close()
            raise InputError(
                f"{self.project.ini} is not there, so the revisions cannot be found",
                hint="set `ini` under [alembic] in zdm.toml",
            )
        if shutil.which(self.project.python) is None:
            self._ends.close()
            raise InputError(
                f"{self.project.python} is no program, so the revisions cannot be run",
                hint="set `python` under [alembic] in zdm.toml",
            )
        read_requests, write_requests = os.pipe()
        read_answers, write_answers = os.pipe()
        python = (*self.project.prefix, self.project.python)
        arguments = [str(read_requests), str(write_answers)]
        self._process = subprocess.Popen(
            [*python, "-P", "-m", "zdm.revisions.child.start", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            cwd=self.project.ini.absolute().parent,
            env=self._environment(),
            pass_fds=(read_requests, write_answers),
            start_new_session=True,
        )
        os.close(read_requests)
        os.close(write_answers)
        self._requests, self._answers = write_requests, read_answers
        self._ends.callback(self._end)
        variables = child_environment.database_variables(self.project.environ)
        self._send({"ini": str(self.project.ini.absolute()), "variables": variables})

    def _environment(self) -> dict[str, str]:
        """Scrubbed; of our own packages the child sees zdm alone, whatever its Python is."""
        library = self.home / "lib"
        library.mkdir()
        (library / "zdm").symlink_to(Path(zdm.__file__).absolute().parent)
        scrubbed = child_environment.scrubbed(
            self.project.environ, self.home, self.project.variables
        )
        paths = (str(library), scrubbed.get("PYTHONPATH", ""))
        return {**scrubbed, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send one request; its answer, or the child's failure as InputError."""
        self._send({"do": do, **request})
        line = self._line(self._clock.monotonic() + self.project.time_limit.total_seconds())
        if line is None:
            raise self._died()
        said = json.loads(line)
        if "failure" in said:
            from zdm.revisions import child_failures

            raise child_failures.raised(said["failure"], self.project.root)
        answer: dict[str, Any] = said["answer"]
        return answer

    def open(self, dsn: str) -> None:
        """Use this database as the shadow from now on; without network, through its socket."""
        address = asdict(shadow_address.parse(dsn))
        if self.sockets is not None:
            address["host"] = str(self.sockets)
        self.ask("open", address=address)

    def stop(self) -> None:
        """End the child, whatever it is doing, if it has not ended."""
        self._ends.close()

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for end in (self._requests, self._answers):
            os.close(end)

    def _send(self, request: Mapping[str, Any]) -> None:
        data = (json.dumps(request) + "\n").encode()
        with contextlib.suppress(BrokenPipeError):  # then it has said why, or died
            while data:
                data = data[os.write(self._requests, data) :]

    def _line(self, deadline: float) -> bytes | None:
        while b"\n" not in self._buffer:
            left = deadline - self._clock.monotonic()
            ready, _, _ = select.select([self._answers], [], [], left)
            if not ready:
                raise InputError(
                    f"the revisions did not finish within {self.project.time_limit}",
                    hint="look for a loop, a lock or a prompt in env.py and the revisions",
                )
            chunk = os.read(self._answers, 1 << 16)
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _died(self) -> InputError:
        code = self._process.wait()
        said = (self.home / "output").read_text(errors="replace").strip().splitlines()
        tail = " / ".join(said[-_TAIL:]) or "it said nothing"
        return InputError(
            f"the process that runs the revisions ended with code {code}: {tail}",
            hint="run `alembic history` and `alembic upgrade` to see what env.py does",
        )
