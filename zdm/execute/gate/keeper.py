"""Deploy the new version and wait at the gate: no contract while an old one may be alive."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn, TypeVar, assert_never

from msgspec import Struct, field

from zdm.errors import InputError, RolloutError, StoppedError
from zdm.execute import orders, states
from zdm.execute.events import DeployStarted, GateClear, StateChanged, Waiting
from zdm.execute.gate.asking import FORBIDDEN_PATIENCE, Asker, Grace
from zdm.execute.gate.decision import Answer, Clear, Purpose, Refused, Unknown, Wait
from zdm.execute.gate.poll import Poller
from zdm.execute.patience import patiently
from zdm.execute.world import Options, World
from zdm.model import duration
from zdm.model.plan import Backfill, Phase
from zdm.model.release import RunState

T = TypeVar("T")

AT_ROLLOUT = Phase.ROLLOUT.position
NEXT = "resolve it, then run the same command again"
SHOWN = 5  # names in the message of a deadline


class GateKeeper(Struct, frozen=True):
    """Waits at the gate: counts clear polls, keeps the soak and the deadline."""

    world: World
    options: Options
    watched: tuple[Backfill, ...] = ()  # whose rows must stay equal in both shapes
    grace: Grace = field(default_factory=lambda: Grace(FORBIDDEN_PATIENCE))

    @property
    def _poller(self) -> Poller:
        return Poller(self.world, self.options, self.watched, self.grace)

    @property
    def _asker(self) -> Asker:
        return Asker(self.world, self.options, self.grace)

    def check(self) -> None:
        """Check with the platform, before anything is changed, what would stop the rollout."""
        options, platform = self.options, self.world.platform
        if platform is not None and states.LAST_PHASE[options.until].position >= AT_ROLLOUT:
            _require_names(options)
            self._asker.before_the_run(lambda: platform.check(options.old, options.new))

    def require_platform(self, purpose: Purpose) -> None:
        """Raise StoppedError without a platform, unless `assume_deployed` is set."""
        self._poller.platform(purpose)

    def deploy_and_wait(self) -> None:
        """Move the platform to the new version and wait until the old one is gone."""
        platform, new = self._poller.platform(Purpose.DEPLOY), self.options.new
        if platform is not None:
            self.world.observer.notify(DeployStarted(version=new))
            self._asker.part_way(lambda: platform.deploy(new))
        failed = self._wait(Purpose.DEPLOY) or self._soak()
        if failed is not None:
            self._give_up(failed)

    def wait_until_clear(self) -> None:
        """Wait until nothing but the new version is alive."""
        self._wait_or_stop(Purpose.CONTRACT)

    def wait_until_back(self) -> None:
        """Wait until nothing but the old version is alive."""
        self._wait_or_stop(Purpose.GO_BACK)

    def still_clear(self) -> None:
        """One more poll right before a contract statement; waits again if it is not clear."""
        if not isinstance(self._poller.poll(Purpose.CONTRACT), Clear):
            self.wait_until_clear()

    def bring_back(self) -> str:
        """Move the platform to the old version; returns what a person still has to do."""
        platform, old = self.world.platform, self.options.old
        if platform is None:
            return ""
        self.world.observer.notify(DeployStarted(version=old, back=True))
        return self._asker.part_way(lambda: platform.rollback(old))

    def _wait_or_stop(self, purpose: Purpose) -> None:
        failed = self._wait(purpose)
        if failed is not None:
            raise StoppedError(failed.reason, hint=failed.hint)

    def _give_up(self, failed: Refused) -> NoReturn:
        """Roll the application back; the expand does no harm and is kept."""
        back = self.bring_back() or f"the application goes back to {self.options.old}"
        self._record_state(RunState.FAILED_KEPT_EXPANDED)
        self.world.observer.notify(StateChanged(state=RunState.FAILED_KEPT_EXPANDED))
        raise RolloutError(f"{failed.reason}; {back} and the expand is kept", hint=failed.hint)

    def _wait(self, purpose: Purpose) -> Refused | None:
        """Poll until the gate is clear often enough; how the rollout failed, if it did."""
        rollout = self.options.rollout
        since = self.world.clock.now()
        clear = 0
        while clear < rollout.polls:
            if self._follow_orders():
                clear = 0
            answer = self._poller.poll(purpose)
            if isinstance(answer, Clear):
                clear += 1
                self.world.observer.notify(GateClear(polls=clear, needed=rollout.polls))
            else:
                clear = 0
            failed = self._failed(answer, since)
            if failed is None and clear < rollout.polls:
                failed = self._late(answer, since)
            if failed is not None:
                return failed
            if clear < rollout.polls:
                self._pause(answer, rollout.poll_interval)
        return None

    def _soak(self) -> Refused | None:
        """Poll for the soak's whole length; how the rollout failed meanwhile, if it did."""
        clock, rollout = self.world.clock, self.options.rollout
        lasted = self._patiently(self.world.database.journal.begin_soak)
        if lasted is None:
            return None
        began = clock.now() - lasted
        end = began + rollout.soak
        if clock.now() < end:
            self.world.observer.notify(StateChanged(state=RunState.SOAKING))
        clear = rollout.polls  # in a row, up to here
        while clock.now() < end:
            self._follow_orders()
            answer = self._poller.poll(Purpose.DEPLOY)
            clear = clear + 1 if isinstance(answer, Clear) else 0
            failed = self._failed(answer, began)
            if failed is not None:
                return failed
            if isinstance(answer, Clear):
                self._notify(
                    Wait(gate="soak", reason=f"soaking until {end:%H:%M:%S}", eta=end), began
                )
            self._pause(answer, min(rollout.poll_interval, end - clock.now()))
        return self._wait(Purpose.DEPLOY) if clear < rollout.polls else None

    def _failed(self, answer: Answer, since: datetime) -> Refused | None:
        """Report the answer; how the rollout failed, if it did. Other refusals stop the run."""
        match answer:
            case Clear():
                return None
            case Wait():
                self._notify(answer, since)
                return None
            case Unknown(reason=reason):
                self._notify(Wait(gate="unknown", reason=reason), since)
                return None
            case Refused(rollout_failed=True):
                return answer
            case Refused(reason=reason, hint=hint):
                raise StoppedError(reason, hint=hint)
            case _:
                assert_never(answer)

    def _late(self, answer: Answer, since: datetime) -> Refused | None:
        """After the deadline: a rollout that is not complete has failed, all else stops."""
        deadline = self.options.rollout.deadline
        if self.world.clock.now() - since <= deadline:
            return None
        reason = "" if isinstance(answer, Clear) else f": {_explained(answer)}"
        within = f"within {duration.text(deadline)}{reason}"
        if isinstance(answer, Wait) and answer.gate == "rollout":
            failed = f"the rollout was not complete {within}"
            return Refused(reason=failed, hint=NEXT, rollout_failed=True)
        hint = answer.hint if isinstance(answer, Wait) else ""
        again = f"{hint}; then run the same command again" if hint else NEXT
        raise StoppedError(f"the old version was not gone {within}", hint=again)

    def _pause(self, answer: Answer, length: timedelta) -> None:
        """Wait between polls; what is clear has to stay clear for the whole time."""
        platform = self.world.platform
        if platform is None or isinstance(answer, Clear):
            self.world.clock.sleep(length)
        else:
            platform.pause(length, self.world.clock)

    def _follow_orders(self) -> bool:
        """Whether the operator had paused the run."""
        return self._patiently(partial(orders.follow, self.world), before=orders.check_stop)

    def _record_state(self, state: RunState) -> None:
        self._patiently(lambda: self.world.database.journal.record_state(state))

    def _patiently(
        self, work: Callable[[], T], before: Callable[[World], object] = orders.follow
    ) -> T:
        done = patiently(self.world, self.options, work, gate="connection", before=before)
        return done.value

    def _notify(self, wait: Wait, since: datetime) -> None:
        self.world.observer.notify(
            Waiting(
                gate=wait.gate,
                reason=f"{wait.reason}; {wait.hint}" if wait.hint else wait.reason,
                names=wait.names,
                since=since,
                eta=wait.eta,
            )
        )


def _require_names(options: Options) -> None:
    """A driver recognises versions by name, and the release before had the default ones."""
    if options.new.is_placeholder:
        raise InputError(
            f"zdm.toml sets a rollout driver, but no name for the new version: {options.new} is"
            " the default, which every release would have",
            hint="set `old` and `new` in [rollout] to the names of the two versions",
        )


def _explained(answer: Wait | Refused | Unknown) -> str:
    """The reason, with the first names that it is about."""
    names = answer.names if isinstance(answer, Wait) else ()
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{answer.reason}: {', '.join(names[:SHOWN])}{more}" if names else answer.reason
