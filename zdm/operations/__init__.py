"""Every schema change that zdm knows, in the order in which it is asked for.

Those that consume more Actions stand first: a rename said as add, fill and drop must not be
planned as three changes. The last takes what the author vouches for.
"""

from zdm.model.operation import Recogniser
from zdm.operations import as_written, change_type, drop_column, rename_column

ALL: tuple[Recogniser, ...] = (
    rename_column.recognise,
    change_type.recognise,
    drop_column.recognise,
    as_written.recognise,
)
