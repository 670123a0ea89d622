import json

from tests.samples import RENAME
from zdm.render.outputs import json as as_json
from zdm.serialize import plan_file


def test_it_is_the_plan_with_what_follows_from_it() -> None:
    content = json.loads(as_json.render(RENAME))
    states = content.pop("states")

    assert content.pop("point_of_no_return") == "rename_column_1.contract"
    assert states[0] == {"after": "start", "works": ["old"]}
    assert states[3] == {"after": "rename_column_1.index", "works": ["new", "old"]}
    assert content == json.loads(json.dumps(plan_file.to_plain(RENAME)))
