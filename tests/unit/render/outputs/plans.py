"""Plans that several outputs are asked to show."""

import dataclasses

from tests.samples import ADD, FILL, INDEX, RENAME
from zdm.model.statement import Setting

_TEXT = "a | b <script>\nDROP TABLE users; --"
ODD = dataclasses.replace(
    RENAME,
    steps=(
        dataclasses.replace(
            ADD,
            title=_TEXT,
            reason=_TEXT,
            sql=("SELECT '```', $$\n````\n$$",),
            settings=(Setting(name="search_path", value="it's, \\here"),),
        ),
    ),
    notes=(_TEXT,),
)
WITH_A_WAY_BACK = dataclasses.replace(RENAME, steps=(ADD, FILL, INDEX), hazards=(), notes=())
