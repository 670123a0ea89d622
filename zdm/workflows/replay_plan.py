"""Verify a plan: replay it on a shadow server, and report what that proved."""

from zdm.config.settings import Settings
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.postgres.replay import replay
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Wanted


class NotVerifiedError(RefusedError):
    """Claims of the plan failed verification; `verification` has them."""

    def __init__(self, plan: Plan, verification: Verification) -> None:
        count = len(verification.findings)
        lines = [f"  {found.slug}: {found.message}" for found in verification.findings]
        noun = "claim" if count == 1 else "claims"
        super().__init__(
            f"{count} {noun} of the plan {plan.name} failed verification\n" + "\n".join(lines),
            hint=verification.findings[0].remedy,
        )
        self.verification = verification


def run(settings: Settings, plan: Plan, start: Snapshot) -> str:
    """Replay the plan from a schema; a sentence on what was proved, or NotVerifiedError."""
    wanted = Wanted(major=plan.server_major, url=settings.shadow_url)
    with shadow.open(wanted) as server:
        found = replay.replay(plan, start, server, settings.shadow_extensions)
    if found.findings:
        raise NotVerifiedError(plan, found)
    return sentence(found)


def sentence(found: Verification) -> str:
    """What a replay without findings proved."""
    version = f"{found.server_version // 10000}.{found.server_version % 10000}"
    parts = [
        f"verified on PostgreSQL {version}: {found.steps} steps; locks and rewrites as claimed;"
        f" undo restores the schema; {found.writes} writes of both versions succeed after the"
        " steps that serve them; the final schema is that of the plain migration"
    ]
    return "\n".join([*parts, *(f"note: {note}" for note in found.notes)])
