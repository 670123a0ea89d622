"""One container of a pod: pulled, configured, started, watched, started again."""

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.controlplane.api import ApiError, Json
from tests.cluster.kubelet import environment, images, mounts, running
from tests.cluster.kubelet.backoff import BackOff
from tests.cluster.kubelet.context import Context
from tests.cluster.kubelet.environment import ConfigError
from tests.cluster.kubelet.images import Image, PullError
from tests.cluster.kubelet.mounts import Files, Mount
from tests.cluster.kubelet.running import Launch, Program
from tests.cluster.kubelet.states import Running, State, Terminated, View, Waiting
from tests.cluster.kubelet.volumes import Volumes

CONFIG_RETRY = 2.0  # seconds until a missing ConfigMap or Secret is looked for again
LOG_BYTES = 2048  # of FallbackToLogsOnError
START_ERROR = 128


@dataclass
class Container:
    """Moves on at each tick; nothing in it waits."""

    spec: Json
    context: Context
    volumes: Volumes
    restarts_on: str  # Always, OnFailure or Never
    state: State
    last: Terminated | None = None
    restarts: int = 0
    image_id: str = ""
    identity: str = ""
    program: Program | None = None
    config_retry: float = 0.0
    restart_wait: BackOff = field(init=False)
    pull_wait: BackOff = field(init=False)

    def __post_init__(self) -> None:
        settings = self.context.settings
        self.restart_wait = BackOff(settings.back_off, settings.most_back_off)
        self.pull_wait = BackOff(settings.back_off, settings.most_back_off)

    @property
    def name(self) -> str:
        return str(self.spec["name"])

    @property
    def is_running(self) -> bool:
        return self.program is not None

    @property
    def is_over(self) -> bool:
        """Whether it has ended and will not be started again."""
        return isinstance(self.state, Terminated) and not self._wants_restart(self.state)

    @property
    def has_succeeded(self) -> bool:
        return isinstance(self.state, Terminated) and self.state.exit_code == 0

    def view(self) -> View:
        """What the pod's status shows."""
        probes = None if self.program is None else self.program.probes
        return View(
            name=self.name,
            image=images.normal(self.spec["image"]) if self.image_id else self.spec["image"],
            image_id=self.image_id,
            state=self.state,
            last=self.last,
            restarts=self.restarts,
            started=probes is not None and probes.started,
            ready=probes is not None and probes.ready,
            identity=f"process://{self.identity}" if self.identity else "",
        )

    def log(self, *, previous: bool) -> Path | None:
        """The file with what it writes, or what the one before it wrote."""
        number = self.restarts - 1 if previous else self.restarts
        home = self.context.folder / "containers" / self.name
        return home / f"{number}.log" if number >= 0 else None

    def stop(self, grace: float) -> None:
        """Begin its end."""
        if self.program is not None:
            if not self.program.is_stopping:
                self.context.event("Killing", f"Stopping container {self.name}")
            self.program.stop(grace)

    def tick(self, *, may_start: bool) -> None:
        """Look, and start what is due."""
        now = time.time()
        if self.program is not None:
            self._watch(self.program, now)
        elif may_start and not self.is_over:
            self._try_to_start(now)

    def _watch(self, program: Program, now: float) -> None:
        code = program.poll()
        if code is None:
            if program.probes.failure and not program.is_stopping:
                why = f"Container {self.name} {program.probes.failure}, will be restarted"
                self.context.event("Killing", why)
                program.stop(self._grace())
            return
        self.program = None
        self.state = Terminated(
            exit_code=code,
            reason="Completed" if code == 0 else "Error",
            started=program.started,
            finished=now,
            message=self._message(program.launch.log, code),
        )

    def _grace(self) -> float:
        for kind in ("livenessProbe", "startupProbe"):
            if "terminationGracePeriodSeconds" in self.spec.get(kind, {}):
                return float(self.spec[kind]["terminationGracePeriodSeconds"])
        return float(self.context.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _message(self, log: Path, code: int) -> str:
        if self.spec.get("terminationMessagePolicy") != "FallbackToLogsOnError" or code == 0:
            return ""
        return log.read_bytes()[-LOG_BYTES:].decode(errors="replace")

    def _wants_restart(self, state: Terminated) -> bool:
        return self.restarts_on == "Always" or (
            self.restarts_on == "OnFailure" and state.exit_code != 0
        )

    def _try_to_start(self, now: float) -> None:
        ended = self.state if isinstance(self.state, Terminated) else self._crashed()
        if ended is not None:
            wait = self.restart_wait.remaining(ended.finished, now)
            if wait > 0:
                self._wait_for_restart(ended)
                return
        if now < self.config_retry:
            return
        image = self._pull(now)
        if image is None:
            return
        try:
            launch = self._configure(image, self.restarts + (ended is not None))
        except ConfigError as error:
            self._wait("CreateContainerConfigError", str(error))
            self.config_retry = now + CONFIG_RETRY
            return
        except (ApiError, OSError):
            return  # the API server is away, or has not yet let the node see the object
        self._start(launch, ended, now)

    def _crashed(self) -> Terminated | None:
        return self.last if self.state == Waiting(*self._crash_words()) else None

    def _crash_words(self) -> tuple[str, str]:
        metadata = self.context.pod["metadata"]
        return (
            "CrashLoopBackOff",
            f"back-off {self.restart_wait.current:g}s restarting failed container={self.name}"
            f" pod={metadata['name']}_{metadata['namespace']}({metadata['uid']})",
        )

    def _wait_for_restart(self, ended: Terminated) -> None:
        self.last = ended
        reason, message = self._crash_words()
        if self.state != Waiting(reason, message):
            self.state = Waiting(reason, message)
            self.context.event("BackOff", message, "Warning")

    def _pull(self, now: float) -> Image | None:
        reference = self.spec["image"]
        if self.pull_wait.remaining(self.pull_wait.tried, now) > 0:
            if isinstance(self.state, Waiting) and self.state.reason == "ErrImagePull":
                said = f'Back-off pulling image "{reference}": {self.state.message}'
                self._wait("ImagePullBackOff", said)
            return None
        policy = self.spec.get("imagePullPolicy", "IfNotPresent")
        try:
            image = images.pull(self.context.settings.images, reference, policy)
        except PullError as error:
            self.pull_wait.tried_at(now)
            self._wait(error.reason, str(error))
            return None
        self.image_id = images.image_id(reference, image)
        return image

    def _wait(self, reason: str, message: str) -> None:
        if self.state != Waiting(reason, message):
            self.state = Waiting(reason, message)
            self.context.event("Failed", f"Error: {reason}: {message}", "Warning")

    def _configure(self, image: Image, number: int) -> Launch:
        context = self.context
        files = self._files(image)
        mounts.link(files)
        own = environment.variables(self.spec, context.pod, context.pod_ip, context.fetch)
        base = context.base_environment(image.environment)
        return Launch(
            spec=self.spec,
            pod_ip=context.pod_ip,
            command=environment.arguments(self.spec, image.entrypoint, image.command, own),
            environment={**base, **mounts.settings(files), **own},
            files=files,
            log=files.home / f"{number}.log",
            identity=uuid.uuid4().hex,
        )

    def _files(self, image: Image) -> Files:
        home = self.context.folder / "containers" / self.name
        home.mkdir(parents=True, exist_ok=True)
        return Files(
            home=home,
            cluster=Path(self.context.settings.cluster),
            mounts=[self._mount(item) for item in self.spec.get("volumeMounts", [])],
            directory=Path(self.spec.get("workingDir", image.directory)),
            read_only=self.spec.get("securityContext", {}).get("readOnlyRootFilesystem", False),
        )

    def _mount(self, item: Json) -> Mount:
        source = self.volumes.path(item["name"]) / item.get("subPath", "")
        return Mount(source, Path(item["mountPath"]), item.get("readOnly", False))

    def _start(self, launch: Launch, ended: Terminated | None, now: float) -> None:
        if ended is not None:  # the first restart comes at once, later ones after a wait
            self.last = ended
            self.restarts += 1
            self.restart_wait.tried_at(now)
        self.identity = launch.identity
        try:
            self.program = running.start(launch, self._warn)
        except OSError as error:
            self.context.event("Failed", f"Error: {error}", "Warning")
            self.state = Terminated(START_ERROR, "StartError", now, now, str(error))
            return
        self.context.event("Started", f"Container started: {self.name}")
        self.state = Running(self.program.started)

    def _warn(self, reason: str, message: str) -> None:
        self.context.event(reason, message, "Warning")
