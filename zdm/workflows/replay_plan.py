"""Verify a plan: replay it on a shadow server, and report what that proved."""

from msgspec.structs import replace

from zdm.config.settings import Settings
from zdm.errors import RefusedError
from zdm.model.plan import Plan
from zdm.model.schema import Snapshot
from zdm.postgres.replay import replay
from zdm.postgres.replay.comparison import Compared
from zdm.postgres.replay.replay import Verification
from zdm.postgres.server import shadow
from zdm.postgres.server.provider import Wanted
from zdm.postgres.server.shadow import Opening


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
    return _proved(plan, _replayed(settings, plan, start, shadow.open))


def settle(
    settings: Settings, plan: Plan, start: Snapshot, opening: Opening = shadow.open
) -> tuple[Plan, str]:
    """Replay a plan that is being made; the plan with the claims that the replay observed for
    statements that run as written, and the sentence."""
    found = _replayed(settings, plan, start, opening, settle=True)
    seen = {step.id: step for step in found.seen}
    steps = tuple(seen.get(step.id, step) for step in plan.steps)
    return replace(plan, steps=steps), _proved(plan, found)


def _replayed(
    settings: Settings,
    plan: Plan,
    start: Snapshot,
    opening: Opening,
    *,
    settle: bool = False,
) -> Verification:
    wanted = Wanted(major=plan.server_major, url=settings.shadow_url)
    with opening(wanted) as server:
        return replay.replay(plan, start, server, settings.shadow_extensions, settle=settle)


def _proved(plan: Plan, found: Verification) -> str:
    if found.findings:
        raise NotVerifiedError(plan, found)
    return sentence(plan, found)


def sentence(plan: Plan, found: Verification) -> str:
    """What a replay without findings proved."""
    version = f"{found.server_version // 10000}.{found.server_version % 10000}"
    steps = "1 step" if found.steps == 1 else f"{found.steps} steps"
    parts = [
        f"verified on PostgreSQL {version}: {steps}; locks and rewrites as claimed;"
        f" {_undo(plan)}{found.writes} writes of both versions succeed after the"
        " steps that serve them; the final schema is that of the plain migration"
        f"{_rows(found.compared)}"
    ]
    return "\n".join([*parts, *(f"note: {note}" for note in found.notes)])


def _rows(compared: Compared) -> str:
    """How many rows were compared, and beside how many writes."""
    if not compared.tables:
        return "; no rows compared"
    tables = "1 table" if compared.tables == 1 else f"{compared.tables} tables"
    beside = f", {compared.writes} writes of both versions" if compared.writes else ""
    return f"; rows of {tables} compared ({compared.rows:,}){beside}"


def _undo(plan: Plan) -> str:
    """Which steps were undone: those before the rollout and before the first without undo."""
    ids = [step.id for step in plan.steps]
    stays = plan.first_to_stay
    turn = ids.index("rollout") if "rollout" in ids else len(ids)
    if stays is None or ids.index(stays) > turn:
        return "undo restores the schema; "
    if ids.index(stays) == 0:
        return ""
    return f"undo restores the schema before {stays}; "
