from tests.unit import schemas
from zdm.recipes.trigger import row_trigger


def test_columns_become_fields_of_the_new_row() -> None:
    text = row_trigger.of_new_row("coalesce(users.email, name, 'x')", schemas.users())

    assert text == "COALESCE(new.email, new.name, 'x')"
