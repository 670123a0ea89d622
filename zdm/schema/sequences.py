"""Sequences in the defaults of columns."""

from zdm.model.expression import Call, Constant
from zdm.model.schema import Name
from zdm.model.sql import literal
from zdm.parse import expressions, names


def default(name: Name) -> str:
    """The default of a column that takes its values from the sequence."""
    return f"nextval({literal(name.sql)}::regclass)"


def uses(text: str, sequence: Name) -> bool:
    """Whether the default takes its values from it; a name without schema may be it."""
    if "nextval" not in text or not _may_name(text, sequence.name):
        return False
    form = expressions.form(expressions.read(text))
    if not isinstance(form, Call) or form.function[-1] != "nextval" or not form.arguments:
        return False
    named = expressions.form(expressions.without_cast(form.arguments[0]))
    if not isinstance(named, Constant) or named.value is None:
        return False
    found = names.qualified(named.value)
    return found.name == sequence.name and found.schema in ("", sequence.schema)


def _may_name(text: str, name: str) -> bool:
    """Whether the name is in the text, so that it is worth reading; a quoted one may be."""
    return not name.replace("_", "a").isalnum() or name.lower() in text.lower()
