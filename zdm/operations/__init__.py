"""Every schema change that zdm knows, in the order in which it is asked for.

The first runs as written what the author says is to run as written. Then those that consume
more Actions come first: a rename written as add, fill and drop must not be planned as three
changes.
"""

from zdm.model.operation import Recogniser
from zdm.operations.column import (
    add_column,
    change_default,
    change_identity,
    drop_column,
    rename_column,
)
from zdm.operations.constraint import (
    add_check,
    add_foreign_key,
    add_primary_key,
    add_unique,
    drop_constraint,
    drop_not_null,
    rename_constraint,
    replace_key,
    set_not_null,
    validate_constraint,
)
from zdm.operations.data import (
    backfill,
    copy_rows,
    delete_rows,
    insert_rows,
    set_sequence,
    update_rows,
)
from zdm.operations.index import create_index, drop_index, rename_index
from zdm.operations.object import (
    alter_sequence,
    comment,
    create_statistics,
    create_trigger,
    drop_function,
    drop_object,
    drop_trigger,
    drop_view,
    extend_function,
    grant,
    new_object,
    refresh_view,
    rename_function,
    rename_view,
    replace_function,
    replace_trigger,
    replace_view,
    toggle_trigger,
)
from zdm.operations.schema import set_schema
from zdm.operations.statement import as_written
from zdm.operations.table import (
    change_policy,
    change_settings,
    create_table,
    drop_table,
    new_table_change,
    rename_table,
)
from zdm.operations.type import (
    add_enum_value,
    change_type,
    rename_enum_value,
    retype_column,
    swap_enum,
    widen_integer,
)

ALL: tuple[Recogniser, ...] = (
    as_written.recognise,
    copy_rows.recognise,
    create_statistics.recognise,
    new_table_change.recognise,
    swap_enum.recognise,
    change_identity.recognise,
    change_default.recognise,
    rename_table.recognise,
    rename_column.recognise,
    widen_integer.recognise,
    retype_column.recognise,
    change_type.recognise,
    drop_column.recognise,
    set_not_null.recognise,
    drop_not_null.recognise,
    add_check.recognise,
    add_foreign_key.recognise,
    add_unique.recognise,
    add_primary_key.recognise,
    validate_constraint.recognise,
    replace_key.recognise,
    drop_constraint.recognise,
    rename_constraint.recognise,
    add_column.recognise,
    create_index.recognise,
    drop_index.recognise,
    rename_index.recognise,
    update_rows.recognise,
    backfill.recognise,
    insert_rows.recognise,
    delete_rows.recognise,
    set_sequence.recognise,
    alter_sequence.recognise,
    create_table.recognise,
    replace_trigger.recognise,
    create_trigger.recognise,
    drop_trigger.recognise,
    toggle_trigger.recognise,
    replace_function.recognise,
    extend_function.recognise,
    drop_function.recognise,
    replace_view.recognise,
    drop_view.recognise,
    refresh_view.recognise,
    new_object.recognise,
    set_schema.recognise,
    rename_view.recognise,
    rename_function.recognise,
    add_enum_value.recognise,
    rename_enum_value.recognise,
    comment.recognise,
    grant.recognise,
    change_settings.recognise,
    change_policy.recognise,
    drop_table.recognise,
    drop_object.recognise,
)
