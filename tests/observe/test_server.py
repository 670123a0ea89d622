import socket
import urllib.error
import urllib.request
from datetime import timedelta

import pytest

from zdm.errors import InputError
from zdm.observe import server
from zdm.observe.server import Page

PAGES = {"/a": lambda: Page(200, "hé\n"), "/sick": lambda: Page(503, "ill\n")}


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_pages_are_served_while_the_block_lasts() -> None:
    with server.serving("127.0.0.1:0", PAGES) as url:
        assert get(f"{url}/a?x=1") == (200, "hé\n")
        assert get(f"{url}/sick") == (503, "ill\n")
        assert get(f"{url}/") == (404, "there are /a, /sick\n")

    with pytest.raises(urllib.error.URLError):
        get(f"{url}/a")


def test_a_client_that_says_nothing_holds_nobody_up() -> None:
    with server.serving("127.0.0.1:0", PAGES, timedelta(minutes=10)) as url:
        host, _, port = url.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))):
            assert get(f"{url}/a")[0] == 200


@pytest.mark.parametrize(
    "listen", ["9400", "host", "h:99999", "h:x", "h:²", "h:" + "9" * 5_000]
)
def test_what_is_no_address_is_refused(listen: str) -> None:
    with pytest.raises(InputError, match="not an address"), server.serving(listen, PAGES):
        pass


def test_an_address_in_use_is_an_input_error() -> None:
    with (
        server.serving("127.0.0.1:0", PAGES) as url,
        pytest.raises(InputError, match="cannot listen on"),
        server.serving(url.removeprefix("http://"), PAGES),
    ):
        pass
