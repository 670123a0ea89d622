"""How often PostgreSQL evaluates the default of a new column.

A default that holds no VOLATILE function is evaluated once and kept in the catalog; with one,
ADD COLUMN rewrites the table (manual, ALTER TABLE, Notes; measured 11-18). A function counts
as not volatile only if it is on this list, which was read from pg_proc (14-18), or if the
Snapshot holds it: an unknown one is treated as VOLATILE, which costs time but no safety.
"""

import re

from zdm.model.expression import Expression, Feature
from zdm.model.schema import Snapshot, Volatility
from zdm.parse import expressions
from zdm.schema import volatility as _volatile

STABLE = frozenset(
    re.findall(
        r"\w+",
        """age array_to_json array_to_string concat concat_ws convert convert_from convert_to
        current_database current_schema current_schemas current_setting current_user date
        date_part date_trunc enum_first enum_last enum_range extract format format_type
        get_current_ts_config getdatabaseencoding interval json_build_array json_build_object
        jsonb_build_array jsonb_build_object jsonb_path_exists_tz make_timestamptz now numeric
        overlaps pg_backend_pid pg_column_size pg_current_xact_id phraseto_tsquery
        plainto_tsquery quote_literal quote_nullable row_to_json session_user
        statement_timestamp text time timestamp timestamptz timezone to_char to_date to_json
        to_jsonb to_number to_regclass to_timestamp to_tsquery to_tsvector
        transaction_timestamp ts_headline txid_current version websearch_to_tsquery
        xml_is_well_formed generate_series""",
    )
)
IMMUTABLE = frozenset(
    re.findall(
        r"\w+",
        """abbrev abs acos acosh array_append array_cat array_dims array_fill array_length
        array_lower array_ndims array_position array_positions array_prepend array_remove
        array_replace array_to_tsvector array_upper ascii asin asinh atan atan2 atanh
        bit_count bit_length bool broadcast btrim cardinality cbrt ceil ceiling char_length
        character_length chr cos cosd cosh cot date_bin datemultirange daterange decode
        degrees div encode exp factorial family float4 float8 floor gcd get_bit get_byte
        hashtext hashtextextended host hostmask inet_merge inet_same_family initcap int2 int4
        int4multirange int4range int8 int8multirange int8range is_normalized isempty isfinite
        json_array_length json_extract_path json_extract_path_text json_object
        json_strip_nulls json_typeof jsonb_array_length jsonb_concat jsonb_contains
        jsonb_delete jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path
        jsonb_extract_path_text jsonb_insert jsonb_object jsonb_path_exists jsonb_path_match
        jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax
        jsonb_strip_nulls jsonb_typeof justify_days justify_hours justify_interval lcm left
        length ln log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval
        make_time make_timestamp masklen md5 min_scale mod netmask network normalize
        num_nonnulls num_nulls nummultirange numnode numrange octet_length overlay parse_ident
        pg_size_pretty pi position pow power quote_ident radians range_merge regexp_match
        regexp_replace regexp_split_to_array repeat replace reverse right round rpad rtrim
        scale set_bit set_byte set_masklen setweight sha224 sha256 sha384 sha512 sign sin sind
        sinh split_part sqrt starts_with string_to_array strip strpos substr substring tan
        tand tanh to_ascii to_hex translate trim_array trim_scale trunc ts_delete ts_filter
        ts_rank ts_rank_cd tsmultirange tsrange tstzmultirange tstzrange tsvector_to_array
        unistr upper upper_inc upper_inf width_bucket xpath xpath_exists
        unnest generate_subscripts string_to_table regexp_split_to_table regexp_matches
        json_array_elements json_array_elements_text json_each json_each_text json_object_keys
        jsonb_array_elements jsonb_array_elements_text jsonb_each jsonb_each_text
        jsonb_object_keys""",
    )
)


def volatility(
    expression: Expression, snapshot: Snapshot, major: int | None = None
) -> Volatility:
    """The most volatile function that the expression calls, on that version of the server."""
    if expressions.is_constant(expression):
        return Volatility.IMMUTABLE
    found = {of_function(words, snapshot) for words in expressions.functions(expression)}
    if (major or snapshot.major) < 15 and _is_zone_of_time(expression):
        return Volatility.VOLATILE
    if Volatility.VOLATILE in found:
        return Volatility.VOLATILE
    if Volatility.STABLE in found or Feature.CURRENT_VALUE in expressions.features(expression):
        return Volatility.STABLE
    return Volatility.IMMUTABLE


def _is_zone_of_time(expression: Expression) -> bool:
    """AT TIME ZONE of a time with time zone, which is VOLATILE before 15 (pg_proc), unlike that
    of a timestamp. Where an expression has both, they are taken to belong together."""
    called = {words[-1] for words in expressions.functions(expression)}
    types = {cast.type.words[-1] for cast in expressions.casts(expression)}
    values = expressions.session_values(expression)
    return "timezone" in called and ("timetz" in types or "current_time" in values)


def of_function(words: tuple[str, ...], snapshot: Snapshot) -> Volatility:
    """How volatile a function of that name is."""
    *schema, name = words
    named = (
        []
        if schema == ["pg_catalog"]
        else [f for f in snapshot.functions if f.name.name == name]
    )
    found = {f.volatility for f in named if not schema or f.name.schema == schema[-1]}
    if schema in ([], ["pg_catalog"]):
        found |= _of_built_in(name)
    return max(found, key=tuple(Volatility).index, default=Volatility.VOLATILE)


def _of_built_in(name: str) -> set[Volatility]:
    if name in _volatile.VOLATILE:
        return {Volatility.VOLATILE}
    if name in STABLE:
        return {Volatility.STABLE}
    return {Volatility.IMMUTABLE} if name in IMMUTABLE else set()


def is_built_in(words: tuple[str, ...], snapshot: Snapshot) -> bool:
    """Whether the call is of a function of PostgreSQL's own that is on a list here."""
    own = any(f.name.name == words[-1] for f in snapshot.functions)
    listed = words[-1] in STABLE or words[-1] in IMMUTABLE
    return listed and (words[0] == "pg_catalog" or (len(words) == 1 and not own))
