"""One poll of the contract gate: sample rows, list sessions, observe the platform, decide."""

from msgspec import Struct

from zdm.errors import RefusedError, StoppedError, TemporaryError
from zdm.execute import orders
from zdm.execute.gate import decision
from zdm.execute.gate.asking import Grace
from zdm.execute.gate.decision import Answer, Evidence, Purpose, Refused, Unknown
from zdm.execute.patience import patiently
from zdm.execute.ports import Platform
from zdm.execute.world import Options, World
from zdm.model.plan import Backfill
from zdm.model.release import Observation, RolloutComplete, Session, Version

NO_PLATFORM = Observation(status=RolloutComplete(), instances=(), spawners=())


class Poller(Struct, frozen=True):
    """Looks at the database and the platform once, and says what the gate makes of it."""

    world: World
    options: Options
    watched: tuple[Backfill, ...]  # whose rows must stay equal in both shapes
    grace: Grace

    def platform(self, purpose: Purpose) -> Platform | None:
        """The platform; raises StoppedError without one, unless `assume_deployed` is set."""
        platform = self.world.platform
        if platform is None and not self.options.assume_deployed:
            back = purpose is Purpose.GO_BACK
            it, act = ("new", "roll the application back") if back else ("old", "deploy")
            raise StoppedError(
                f"no platform is declared, so zdm cannot see whether the {it} version is gone",
                hint=f"declare one in [rollout] of zdm.toml; or {act} by hand, make sure that"
                f" the {it} version is gone, and run it with --assume-deployed",
            )
        return platform

    def poll(self, purpose: Purpose) -> Answer:
        """The gate's answer now; Unknown if the database or the platform does not answer."""
        platform = self.platform(purpose)
        try:
            self._sample()
            sessions = self._sessions()  # first: it may take minutes, and what is seen gets old
            seen = self._observed(platform, self._target(purpose))
        except TemporaryError as error:
            self.world.stop.check()
            self.grace.end()  # when it is back, it may be starting again
            return Unknown(reason=error.message)
        if not isinstance(seen, Observation):
            return seen
        return decision.decide(self._evidence(purpose, seen, sessions))

    def _target(self, purpose: Purpose) -> Version:
        return self.options.old if purpose is Purpose.GO_BACK else self.options.new

    def _evidence(
        self, purpose: Purpose, seen: Observation, sessions: tuple[Session, ...]
    ) -> Evidence:
        platform, rollout = self.world.platform, self.options.rollout
        return Evidence(
            purpose=purpose,
            target=self._target(purpose),
            platform=seen,
            sessions=sessions,
            others_deploy=platform is not None and not platform.deploys,
            by_hand=platform is None,
            sessions_block=rollout.sessions == "block",
            allowed_sessions=rollout.allowed_sessions,
        )

    def _observed(
        self, platform: Platform | None, target: Version
    ) -> Observation | Unknown | Refused:
        try:
            seen = NO_PLATFORM if platform is None else platform.observe(target)
        except RefusedError as error:
            if self.grace.covers(self.world.clock.now()):
                return Unknown(reason=error.message)
            return Refused(reason=error.message, hint=error.hint)
        self.grace.end()
        return seen

    def _sample(self) -> None:
        """Look at a few rows of each backfill while both versions write."""
        for step in self.watched:
            keys = self.world.database.differing(step)
            if keys:
                raise StoppedError(
                    f"rows of {step.table} differ between the old and the new shape while the"
                    f" new version rolls out: {'; '.join(keys)}",
                    hint="something writes past the sync trigger (replica role, disabled"
                    " trigger); correct those rows, then run the same command again",
                )

    def _sessions(self) -> tuple[Session, ...]:
        """A rollout may take hours, so a lost connection is made again.

        Orders are followed between polls, not here: what else this poll saw would get old.
        """
        return patiently(
            self.world,
            self.options,
            self.world.database.sessions,
            gate="connection",
            before=orders.check_stop,
        ).value
