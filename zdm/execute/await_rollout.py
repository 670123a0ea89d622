"""Deploy the new version and keep the gate: nothing contracts while an old one may live."""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from zdm.errors import RolloutError, StoppedError, TemporaryError
from zdm.execute import gate, orders
from zdm.execute.events import DeployStarted, GateClear, StateChanged, Waiting
from zdm.execute.patience import patiently
from zdm.execute.ports import Platform
from zdm.execute.world import Options, World
from zdm.model.release import RolloutComplete, RunState, Session, Version


@dataclass(slots=True)
class GateKeeper:
    """Polls, counts clear polls, keeps the soak and the deadline."""

    world: World
    options: Options
    target: Version | None = None  # the new version, unless it goes back

    def deploy_and_wait(self) -> None:
        """Move the platform to the new version and wait until the old one is gone."""
        platform = self.platform()
        if platform is not None:
            self.world.observer.notify(DeployStarted(version=self.options.new))
            platform.deploy(self.options.new)
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
        platform, rollout = self.platform(), self.options.rollout
        target = self.target or self.options.new
        try:
            seen = gate.Observation(
                target=target,
                old=self.options.old,
                status=RolloutComplete() if platform is None else platform.status(target),
                instances=() if platform is None else platform.inventory(),
                spawners=() if platform is None else platform.templates(),
                sessions=self._sessions(),
                deploying=deploying,
                sessions_block=rollout.sessions == "block",
                allowed_sessions=rollout.allowed_sessions,
            )
        except TemporaryError as error:
            self.world.stop.check()
            return gate.Unknown(reason=error.message)
        return gate.decide(seen)

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
        clock, rollout = self.world.clock, self.options.rollout
        since = clock.now()
        clear = 0
        while clear < rollout.polls:
            if self._obeyed():
                clear = 0
            answer = self._poll(deploying=deploying)
            match answer:
                case gate.Clear():
                    clear += 1
                    self.world.observer.notify(GateClear(polls=clear, needed=rollout.polls))
                case gate.Wait():
                    clear = 0
                    self._say(answer.gate, answer.reason, answer.names, since, answer.eta)
                case gate.Unknown():
                    clear = 0
                    self._say("unknown", answer.reason, (), since, None)
                case gate.Refused():
                    self._refused(answer, deploying=deploying)
                case _:
                    assert_never(answer)
            if clear < rollout.polls:
                self._deadline(since, answer)
                clock.sleep(rollout.poll_interval)

    def _deadline(self, since: datetime, answer: gate.Answer) -> None:
        if self.world.clock.now() - since <= self.options.rollout.deadline:
            return
        reason = "" if isinstance(answer, gate.Clear) else f": {answer.reason}"
        raise StoppedError(
            f"the old version was not gone within {self.options.rollout.deadline}{reason}",
            hint="see to what is named, then run the same command again; both versions work",
        )

    def _refused(self, answer: gate.Refused, *, deploying: bool) -> None:
        if not (answer.rollout_failed and deploying):
            raise StoppedError(answer.reason, hint=answer.hint)
        platform = self.world.platform
        if platform is not None:
            self.world.observer.notify(DeployStarted(version=self.options.old, back=True))
            platform.rollback(self.options.old)
        self._record_state(RunState.FAILED_KEPT_EXPANDED)
        self.world.observer.notify(StateChanged(state=RunState.FAILED_KEPT_EXPANDED))
        raise RolloutError(
            f"{answer.reason}; the application goes back to {self.options.old} and the"
            " expand is kept",
            hint=answer.hint,
        )

    def _soak(self) -> None:
        clock = self.world.clock
        began = self._record_state(RunState.SOAKING, soak=True)
        if began is None:
            return
        end = began + self.options.rollout.soak
        if clock.now() < end:
            self.world.observer.notify(StateChanged(state=RunState.SOAKING))
        while clock.now() < end:
            self._obeyed()
            self._say("soak", f"soaking until {end:%H:%M:%S}", (), began, end)
            clock.sleep(min(self.options.rollout.poll_interval, end - clock.now()))

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
