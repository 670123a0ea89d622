"""The release that `benchmarks/startup.py` plans has twenty operations, and none is refused."""

from benchmarks.startup import TRAIN
from zdm.serialize import snapshot_file
from zdm.workflows import plan_revisions
from zdm.workflows.plan_revisions import PlanRequest, Sources


def test_the_release_has_twenty_operations_of_as_many_kinds() -> None:
    schema = snapshot_file.loads((TRAIN / "schema.json").read_text(), "schema.json")
    files = (str(TRAIN / "migration.sql"),)
    request = PlanRequest(root=TRAIN, targets=files, snapshot=schema)

    plan = plan_revisions.run(request, Sources(live=None, record=None)).plan

    assert len(plan.operations) == 20
    assert len({operation.slug for operation in plan.operations}) >= 18
