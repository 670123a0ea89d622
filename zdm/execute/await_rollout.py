"""Deploy the new version and keep the gate: nothing contracts while an old one may live."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn, assert_never

from zdm.errors import InputError, RefusedError, RolloutError, StoppedError, TemporaryError
from zdm.execute import gate, orders, states
from zdm.execute.events import DeployStarted, GateClear, StateChanged, Waiting
from zdm.execute.patience import patiently
from zdm.execute.ports import Platform
from zdm.execute.world import Options, World
from zdm.model.plan import Backfill, Phase
from zdm.model.release import RolloutComplete, RunState, Session, Version

FORBIDDEN_PATIENCE = timedelta(seconds=30)  # before a refusal of the platform is final
AT_ROLLOUT = Phase.ROLLOUT.position


@dataclass(slots=True)
class GateKeeper:
    """Polls, counts clear polls, keeps the soak and the deadline."""

    world: World
    options: Options
    target: Version | None = None  # the new version, unless it goes back
    watched: tuple[Backfill, ...] = ()  # whose rows must stay equal in both shapes
    forbidden_since: datetime | None = None  # since when the platform refuses to answer

    def check(self) -> None:
        """Ask the platform, before anything is changed, what would stop the rollout later."""
        options, platform = self.options, self.world.platform
        if platform is not None and states.LAST_PHASE[options.until].position >= AT_ROLLOUT:
            self._asking(lambda: platform.check(options.old, options.new))

    def deploy_and_wait(self) -> None:
        """Move the platform to the new version and wait until the old one is gone."""
        platform, new = self.platform(), self.options.new
        if platform is not None:
            self.world.observer.notify(DeployStarted(version=new))
            self._asking_part_way(lambda: platform.deploy(new))
        self._wait(deploying=True)
        self._soak()

    def wait_until_clear(self) -> None:
        """Wait until nothing but the target is alive."""
        self._wait(deploying=False)

    def still_clear(self) -> None:
        """One more look right before a contract statement; waits again where it must."""
        answer = self._poll(deploying=False)
        if not isinstance(answer, gate.Clear):
            self._wait(deploying=False)

    def platform(self) -> Platform | None:
        """The platform; raises StoppedError where there is neither one nor your word."""
        platform = self.world.platform
        if platform is None and not self.options.assume_deployed:
            raise StoppedError(
                "no platform is declared, so zdm cannot see whether the old version is gone",
                hint="declare one in [rollout] of zdm.toml; or deploy by hand, make sure that"
                " the old version is gone, and run it with --assume-deployed",
            )
        return platform

    def _poll(self, *, deploying: bool) -> gate.Answer:
        platform = self.platform()
        try:
            self._sample()
            sessions = self._sessions()  # first: it may take minutes, and what is seen gets old
            seen = self._observed(platform, sessions, deploying=deploying)
        except TemporaryError as error:
            self.world.stop.check()
            self.forbidden_since = None  # when it is back, it may be starting again
            return gate.Unknown(reason=error.message)
        return seen if isinstance(seen, gate.Unknown | gate.Refused) else gate.decide(seen)

    def _sample(self) -> None:
        """Look at a few rows of each backfill while both versions write."""
        for step in self.watched:
            keys = self.world.database.differing(step)
            if keys:
                raise StoppedError(
                    f"rows of {step.table} differ between the old and the new shape while the"
                    f" new version rolls out: {'; '.join(keys)}",
                    hint="something writes past the sync trigger (replica role, disabled"
                    " trigger); mend those rows, then run the same command again",
                )

    def _observed(
        self, platform: Platform | None, sessions: tuple[Session, ...], *, deploying: bool
    ) -> gate.Observation | gate.Unknown | gate.Refused:
        target, rollout = self.target or self.options.new, self.options.rollout
        try:
            seen = gate.Observation(
                target=target,
                old=self.options.old,
                status=RolloutComplete() if platform is None else platform.status(target),
                instances=() if platform is None else platform.inventory(),
                spawners=() if platform is None else platform.templates(),
                sessions=sessions,
                deploying=deploying or self.target is not None,
                others_deploy=platform is not None and not platform.deploys,
                sessions_block=rollout.sessions == "block",
                allowed_sessions=rollout.allowed_sessions,
            )
        except RefusedError as error:
            return self._forbidden(error)
        self.forbidden_since = None
        return seen

    def _forbidden(self, error: RefusedError) -> gate.Unknown | gate.Refused:
        if self._for_a_moment():
            return gate.Unknown(reason=error.message)
        return gate.Refused(reason=error.message, hint=error.hint)

    def _for_a_moment(self) -> bool:
        """A server that starts forbids everything for a moment: its Roles are not read yet."""
        now = self.world.clock.now()
        self.forbidden_since = self.forbidden_since or now
        return now - self.forbidden_since < FORBIDDEN_PATIENCE

    def _asking(self, work: Callable[[], object], *, part_way: bool = False) -> None:
        """Ask the platform something, again while it does not answer, until the deadline."""
        clock, rollout = self.world.clock, self.options.rollout
        since = clock.now()
        while True:
            self.world.stop.check()
            try:
                work()
            except TemporaryError as error:
                self.forbidden_since = None
                if clock.now() - since > rollout.deadline:
                    raise
                self._say("platform", error.message, (), since, None)
            except RefusedError as error:
                if not (part_way and self._for_a_moment()):
                    raise
                self._say("platform", error.message, (), since, None)
            else:
                self.forbidden_since = None
                return
            clock.sleep(rollout.poll_interval)

    def _asking_part_way(self, work: Callable[[], object]) -> None:
        """A platform that refuses now stops a run that has changed something already."""
        try:
            self._asking(work, part_way=True)
        except (RefusedError, InputError) as error:
            raise StoppedError(error.message, hint=error.hint) from error

    def _sessions(self) -> tuple[Session, ...]:
        """A rollout takes hours; a connection that is lost meanwhile is made anew."""
        seen: list[Session] = []
        patiently(
            self.world,
            self.options,
            lambda: seen.extend(self.world.database.sessions()),
            gate="connection",
            obeying=False,  # what else this poll saw must not get old meanwhile
        )
        return tuple(seen)

    def _record_state(self, state: RunState, *, soak: bool = False) -> datetime | None:
        found: list[datetime | None] = []
        patiently(
            self.world,
            self.options,
            lambda: found.append(self.world.database.record_state(state, soak=soak)),
            gate="connection",
        )
        return found[-1]

    def _obeyed(self) -> bool:
        """Whether the operator had paused the run."""
        paused: list[bool] = []
        patiently(
            self.world,
            self.options,
            lambda: paused.append(orders.obey(self.world)),
            gate="connection",
            obeying=False,
        )
        return any(paused)

    def _wait(self, *, deploying: bool) -> None:
        rollout = self.options.rollout
        since = self.world.clock.now()
        clear = 0
        while clear < rollout.polls:
            if self._obeyed():
                clear = 0
            answer = self._poll(deploying=deploying)
            if isinstance(answer, gate.Clear):
                clear += 1
                self.world.observer.notify(GateClear(polls=clear, needed=rollout.polls))
            else:
                clear = 0
                self._not_clear(answer, since, deploying=deploying)
            if clear < rollout.polls:
                self._deadline(since, answer, deploying=deploying)
                self._pause(answer, rollout.poll_interval)

    def _pause(self, answer: gate.Answer, duration: timedelta) -> None:
        """Between polls; what is clear has to stay so for the whole time."""
        platform = self.world.platform
        if platform is None or isinstance(answer, gate.Clear):
            self.world.clock.sleep(duration)
        else:
            platform.pause(duration, self.world.clock)

    def _not_clear(
        self,
        answer: gate.Wait | gate.Unknown | gate.Refused,
        since: datetime,
        *,
        deploying: bool,
    ) -> None:
        match answer:
            case gate.Wait():
                self._say(answer.gate, answer.reason, answer.names, since, answer.eta)
            case gate.Unknown():
                self._say("unknown", answer.reason, (), since, None)
            case gate.Refused():
                self._refused(answer, deploying=deploying)
            case _:
                assert_never(answer)

    def _deadline(self, since: datetime, answer: gate.Answer, *, deploying: bool) -> None:
        if self.world.clock.now() - since <= self.options.rollout.deadline:
            return
        reason = "" if isinstance(answer, gate.Clear) else f": {answer.reason}"
        within = f"within {self.options.rollout.deadline}{reason}"
        hint = "see to what is named, then run the same command again"
        if not (isinstance(answer, gate.Wait) and answer.gate == "rollout"):
            raise StoppedError(f"the old version was not gone {within}", hint=hint)
        if deploying:
            self._go_back(f"the rollout was not complete {within}", hint)
        raise StoppedError(f"the rollout was not complete {within}", hint=hint)

    def _refused(self, answer: gate.Refused, *, deploying: bool) -> None:
        if not (answer.rollout_failed and deploying):
            raise StoppedError(answer.reason, hint=answer.hint)
        self._go_back(answer.reason, answer.hint)

    def bring_back(self) -> str:
        """The application to the old version, once the platform answers; what is left for a
        person."""
        platform, old = self.world.platform, self.options.old
        left: list[str] = []
        if platform is not None:
            self.world.observer.notify(DeployStarted(version=old, back=True))
            self._asking_part_way(lambda: left.append(platform.rollback(old)))
        return "".join(left)

    def _go_back(self, reason: str, hint: str) -> NoReturn:
        """The application to the old version; the expand does no harm and stays."""
        back = self.bring_back() or f"the application goes back to {self.options.old}"
        self._record_state(RunState.FAILED_KEPT_EXPANDED)
        self.world.observer.notify(StateChanged(state=RunState.FAILED_KEPT_EXPANDED))
        raise RolloutError(f"{reason}; {back} and the expand is kept", hint=hint)

    def _soak(self) -> None:
        clock = self.world.clock
        began = self._record_state(RunState.SOAKING, soak=True)
        if began is None:
            return
        end = began + self.options.rollout.soak
        if clock.now() < end:
            self.world.observer.notify(StateChanged(state=RunState.SOAKING))
        clear = self.options.rollout.polls  # in a row, up to here
        while clock.now() < end:
            self._obeyed()
            answer = self._poll(deploying=True)
            clear = clear + 1 if isinstance(answer, gate.Clear) else 0
            if isinstance(answer, gate.Clear):
                self._say("soak", f"soaking until {end:%H:%M:%S}", (), began, end)
            else:  # it is still on its way: what fails now goes back
                self._not_clear(answer, began, deploying=True)
            self._pause(answer, min(self.options.rollout.poll_interval, end - clock.now()))
        if clear < self.options.rollout.polls:
            self._wait(deploying=True)

    def _say(
        self,
        word: str,
        reason: str,
        names: tuple[str, ...],
        since: datetime,
        eta: datetime | None,
    ) -> None:
        self.world.observer.notify(
            Waiting(gate=word, reason=reason, names=names, since=since, eta=eta)
        )
