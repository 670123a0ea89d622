"""Every schema change that zdm knows, in the order in which it is asked for.

Those that consume more Actions stand first: a rename said as add, fill and drop must not be
planned as three changes. The last takes what the author vouches for.
"""

from zdm.model.operation import Recogniser
from zdm.operations import (
    add_column,
    as_written,
    backfill,
    change_default,
    change_type,
    comment,
    create_index,
    create_table,
    drop_column,
    drop_index,
    insert_rows,
    new_object,
    new_table_change,
    rename_column,
    set_not_null,
)

ALL: tuple[Recogniser, ...] = (
    new_table_change.recognise,
    change_default.recognise,
    rename_column.recognise,
    change_type.recognise,
    drop_column.recognise,
    set_not_null.recognise,
    add_column.recognise,
    create_index.recognise,
    drop_index.recognise,
    backfill.recognise,
    insert_rows.recognise,
    create_table.recognise,
    new_object.recognise,
    comment.recognise,
    as_written.recognise,
)
