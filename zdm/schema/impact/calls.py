"""Functions that a statement runs: those of PostgreSQL that lock no table, and all others."""

import re

from zdm.model.expression import Words
from zdm.model.schema import Snapshot, Volatility
from zdm.model.statement import Action
from zdm.parse import mentioned
from zdm.schema import default_volatility, volatility

_QUIET = frozenset(  # beside those of which `schema` knows how volatile they are
    re.findall(
        r"\w+",
        """abbrev acos acosd acosh any_value area array_agg array_lower array_ndims
        array_reverse array_sample array_shuffle array_sort array_upper asin asind asinh atan
        atan2 atan2d atand atanh avg bit_and bit_count bit_or bit_xor bool_and bool_or bound_box
        box broadcast casefold cbrt center circle coalesce col_description corr cos cosd cosh
        cot cotd count covar_pop covar_samp crc32 crc32c cume_dist date_add date_subtract
        datemultirange dense_rank diagonal diameter div erf erfc every family first_value gamma
        generate_series generate_subscripts get_bit greatest has_column_privilege
        has_database_privilege has_function_privilege has_schema_privilege
        has_sequence_privilege has_table_privilege height host hostmask inet_merge
        inet_same_family int4multirange int8multirange is_normalized isclosed isempty isopen
        json_agg json_agg_strict json_array_elements json_array_elements_text json_each
        json_each_text json_extract_path json_extract_path_text json_object_agg
        json_object_keys json_populate_record json_populate_recordset json_strip_nulls
        json_to_record json_to_recordset jsonb_agg jsonb_agg_strict jsonb_array_elements
        jsonb_array_elements_text jsonb_concat jsonb_delete jsonb_delete_path jsonb_each
        jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path
        jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists
        jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first
        jsonb_populate_record jsonb_populate_recordset jsonb_to_record jsonb_to_recordset lag
        last_value lead least lgamma like_escape line lower_inc lower_inf lseg macaddr8_set7bit
        masklen max min min_scale mode multirange netmask network normalize npoints nth_value
        ntile nullif numnode obj_description overlaps path pclose percent_rank percentile_cont
        percentile_disc pg_column_size pg_collation_for pg_get_serial_sequence pg_typeof
        phraseto_tsquery plainto_tsquery point polygon popen querytree radius range_agg
        range_intersect_agg range_merge rank regclass regexp_count regexp_instr regexp_like
        regexp_matches regexp_split_to_table regexp_substr regr_avgx regr_avgy regr_count
        regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy row_number set_bit set_byte
        set_masklen setweight shobj_description similar_escape similar_to_escape sin sind sinh
        slope starts_with stddev stddev_pop stddev_samp string_agg string_to_table strip sum
        system_user tan tand tanh textlen to_ascii to_bin to_oct to_regnamespace to_regproc
        to_regprocedure to_regrole to_regtype trim_scale ts_delete ts_filter ts_headline
        ts_lexize ts_rank ts_rank_cd tsmultirange tsquery_phrase tstzmultirange
        tsvector_to_array txid_current_if_assigned unicode_assigned unnest upper_inc upper_inf
        uuid_extract_timestamp uuid_extract_version var_pop var_samp varchar variance
        websearch_to_tsquery width xmlagg xmlcomment xmlexists xmltext xpath xpath_exists""",
    )
)
_KNOWN = _QUIET | volatility.VOLATILE | default_volatility.STABLE | default_volatility.IMMUTABLE


# They change nothing that outlives the transaction or the session.
_LOOKS = re.compile(
    r"pg_(try_)?advisory_(xact_)?(un)?lock(_shared|_all)?|pg_get_\w+|pg_\w+_size|pg_is_\w+"
    r"|pg_sleep|pg_encoding_to_char|pg_postmaster_start_time|currval|lastval|clock_timestamp"
)


def may_write(action: Action, snapshot: Snapshot) -> tuple[str, ...]:
    """The functions that it calls and that may change something: VOLATILE ones, and those that
    zdm does not know, such as an extension's."""
    called = {words for words in mentioned.functions(action) if words}
    return tuple(sorted({words[-1] for words in called if not _only_looks(words, snapshot)}))


def _only_looks(words: Words, snapshot: Snapshot) -> bool:
    *schema, name = words
    named = [f for f in snapshot.functions if f.name.name == name]
    own = [f for f in named if not schema or f.name.schema == schema[-1]]
    if own and schema != ["pg_catalog"]:
        return all(f.volatility is not Volatility.VOLATILE for f in own)
    if schema not in ([], ["pg_catalog"]):
        return False
    known = name in _KNOWN and name not in volatility.VOLATILE
    return known or _LOOKS.fullmatch(name) is not None


def unknown(action: Action, snapshot: Snapshot) -> str:
    """Why what the functions of a statement lock is not known; empty where it is."""
    functions = mentioned.functions(action)
    called = {words for words in functions if words and not _is_quiet(words, snapshot)}
    strange = sorted({words[-1] for words in called})
    return f"what {', '.join(strange)} locks is unknown" if strange else ""


def _is_quiet(words: Words, snapshot: Snapshot) -> bool:
    """PostgreSQL's own, or an IMMUTABLE one of the schema: others may do anything. Without a
    schema, it may be any that has the name."""
    *schema, name = words
    if schema == ["pg_catalog"]:
        return name in _KNOWN
    named = [f for f in snapshot.functions if f.name.name == name]
    own = [f for f in named if not schema or f.name.schema == schema[-1]]
    if any(f.volatility is not Volatility.IMMUTABLE for f in own):
        return False
    return bool(own) or (not schema and name in _KNOWN)
