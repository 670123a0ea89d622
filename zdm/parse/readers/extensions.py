"""CREATE EXTENSION, taken apart: what another role can put together again from names."""

from msgspec import Struct

from zdm.parse import libpg_query


class NewExtension(Struct, frozen=True, kw_only=True):
    """The extension of one statement, with what its options say."""

    name: str
    schema: str | None = None
    version: str | None = None
    cascade: bool = False


def created(sql: str) -> NewExtension | None:
    """The extension that the text makes, if it is one CREATE EXTENSION and nothing more."""
    parsed = libpg_query.statements(sql.encode())
    if len(parsed) != 1 or parsed[0].node != "CreateExtensionStmt":
        return None
    tree = parsed[0].tree
    options = {
        option["DefElem"]["defname"]: option["DefElem"].get("arg", {})
        for option in tree.get("options", [])
    }
    words = {name: arg.get("String", {}).get("sval") for name, arg in options.items()}
    return NewExtension(
        name=tree["extname"],
        schema=words.get("schema"),
        version=words.get("new_version"),
        cascade="cascade" in options,
    )
