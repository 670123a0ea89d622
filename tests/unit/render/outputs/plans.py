"""Plans that several outputs are asked to show."""

from msgspec import structs

from tests.samples import ADD, FILL, INDEX, RENAME
from zdm.model.statement import Setting

_TEXT = "a | b <script>\nDROP TABLE users; --"
ODD = structs.replace(
    RENAME,
    steps=(
        structs.replace(
            ADD,
            title=_TEXT,
            reason=_TEXT,
            sql=("SELECT '```', $$\n````\n$$",),
            settings=(Setting(name="search_path", value="it's, \\here"),),
        ),
    ),
    notes=(_TEXT,),
)
WITH_A_WAY_BACK = structs.replace(RENAME, steps=(ADD, FILL, INDEX), hazards=(), notes=())
