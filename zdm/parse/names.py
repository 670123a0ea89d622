"""Names as settings and the catalog print them."""

from zdm.model.expression import ColumnName
from zdm.model.schema import Name
from zdm.parse import expressions


def search_path(value: str) -> tuple[str, ...]:
    """The names in a search_path as SHOW prints it."""
    found, word, quoted = [], "", False
    for character in value + ",":
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append(word.strip())
            word = ""
        else:
            word += character
    return tuple(name for name in found if name)


def qualified(text: str) -> Name:
    """A name as PostgreSQL prints it, quoted and with its schema where needed."""
    form = expressions.form(expressions.read(text))
    words = form.words if isinstance(form, ColumnName) else (text,)
    return Name(words[0] if len(words) > 1 else "", words[-1])
