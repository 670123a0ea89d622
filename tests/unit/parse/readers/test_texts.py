import pytest

from zdm.parse.readers import texts


@pytest.mark.parametrize(
    "body",
    [
        "NEW.email := 1;",
        "UPDATE users SET EMAIL = 1",
        'x."email"',
        "EXECUTE 'UPDATE users SET email = 1'",
        "EXECUTE format('UPDATE users SET note = ''no'', email = %L', 1)",
        "to_jsonb(NEW) ->> 'email'",
        "E'it\\'s email'",
        "'C:\\' || email || ''",
        "$function$email$function$",
        "-- it's a comment\nemail",
        "EXECUTE $q$UPDATE users SET email = 1$q$",
    ],
)
def test_a_name_is_found_in_code_and_in_strings(body: str) -> None:
    assert "email" in texts.names(body, "plpgsql")


@pytest.mark.parametrize(
    "body", ["-- email\n1", "/* email\n */ 1", "e_mail", "emails", '"Email"']
)
def test_comments_and_other_names_do_not_count(body: str) -> None:
    assert "email" not in texts.names(body, "plpgsql")


@pytest.mark.parametrize("body", ['NEW."E mail" := 1', "hstore('E mail', '1')"])
def test_a_quoted_name_is_found_as_it_is(body: str) -> None:
    assert "E mail" in texts.names(body, "plpgsql")


def test_of_another_language_every_word_counts() -> None:
    assert "email" in texts.names("# email", "plpython3u")
