"""How often an expression must be evaluated, by the functions that it calls.

A function that is on no list counts as IMMUTABLE here, unless the Snapshot holds it: for
defaults, where that would be unsafe, see `column.default_volatility`.
"""

import re

from zdm.model.expression import Expression, Feature, Words
from zdm.model.schema import Snapshot, Volatility
from zdm.parse import expressions

_WORD = re.compile(r"\w+")
VOLATILE = frozenset(
    _WORD.findall(
        "clock_timestamp currval gen_random_uuid gen_random_bytes lastval nextval pg_sleep"
        " random random_normal setseed setval timeofday uuid_generate_v1 uuid_generate_v1mc"
        " uuid_generate_v4 uuidv4 uuidv7 pg_notify set_config dblink dblink_exec query_to_xml"
        " lo_import pg_read_file"
    )
)
STABLE = frozenset(
    _WORD.findall(
        "now statement_timestamp transaction_timestamp current_setting version txid_current"
        " pg_current_xact_id timezone to_char to_date to_number to_timestamp age date_trunc"
        " date_part concat concat_ws format to_json to_jsonb row_to_json json_build_object"
        " jsonb_build_object json_build_array jsonb_build_array pg_backend_pid"
        " current_database current_schema current_schemas"
    )
)


def of(expression: Expression, snapshot: Snapshot) -> Volatility:
    """The most volatile function that it calls."""
    found = {_of_function(words, snapshot) for words in expressions.functions(expression)}
    if Volatility.VOLATILE in found:
        return Volatility.VOLATILE
    stable = Volatility.STABLE in found
    if stable or Feature.CURRENT_VALUE in expressions.features(expression):
        return Volatility.STABLE
    return Volatility.IMMUTABLE


def _of_function(words: Words, snapshot: Snapshot) -> Volatility:
    name = words[-1]
    own = {f.volatility for f in snapshot.functions if f.name.name == name}
    if own:
        return Volatility.VOLATILE if Volatility.VOLATILE in own else own.pop()
    if name in VOLATILE:
        return Volatility.VOLATILE
    return Volatility.STABLE if name in STABLE else Volatility.IMMUTABLE
