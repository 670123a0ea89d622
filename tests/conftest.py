"""What tests of every folder share."""

import functools
import gc
import os
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests import scratch
from tests.golden import Golden
from zdm.errors import InputError
from zdm.postgres.server import programs
from zdm.postgres.server.provider import Server, Wanted
from zdm.postgres.session import connection

MAJORS = (14, 15, 16, 17, 18)
BETWEEN = MAJORS[1:-1]
EMPTY = "t_empty"  # a template
TURNS = 10  # of `make test`
# Folders of tests that need few servers and processes of zdm's, or none: these have no turns.
WITHOUT = ("unit", "reading", "rules", "pairs", "docs", "fakes", "ci")
SHARE = 6  # one test in so many has a turn on a version between
# Parameters that are a version of PostgreSQL; in others, 15 is any number.
VERSIONED = ("every_server", "ground", "killing", "major", "world")
TOGETHER = 30  # tests of a module that one worker runs, unless the module says how many

# how long an example takes depends on what else the machine does
settings.register_profile(
    "any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bless", action="store_true", help="accept the present output as golden")
    parser.addoption(
        "--turn",
        type=int,
        metavar="N",
        help=f"of the tests with servers and processes run only one in {TURNS}, the Nth from 0",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers of a parallel run start: they inherit it."""
    gc.disable()  # what is collected stays: to look through it again and again finds nothing
    run = ExitStack()
    run.enter_context(scratch.in_memory())
    run.callback(_lasting.close)  # before the folder goes
    config.add_cleanup(run.close)


@pytest.hookimpl(tryfirst=True)  # before the groups become part of the names
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What `make test` leaves to the other days, and `make test-more` to `make thorough`; and
    which tests go to one worker."""
    _take_turns(config, items)
    names = {item.nodeid for item in items}
    for item in items:
        _versions_in_turn(item, names)
    together(items)


def pytest_collection_finish() -> None:
    """From here on there is garbage, but not among what was imported and collected."""
    gc.freeze()
    gc.enable()


def together(items: list[pytest.Item]) -> None:
    """With --dist loadgroup a worker gets tests that need the same fixtures, so that these are
    made once; a module of hundreds is shared by several. Those of `make test-more` come first:
    they take longest, and at the end no worker should be left alone with one."""
    counts, numbers = Counter[str](), dict[str, int]()
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            same = needs(item)
            part = f"{same} {counts[same] // size(item)}"
            counts[same] += 1
            item.add_marker(pytest.mark.xdist_group(numbers.setdefault(part, len(numbers))))
    items.sort(key=lambda item: item.get_closest_marker("more") is None)


def size(item: pytest.Item) -> int:
    """How many tests of its module are together: more where each is short, and making what
    they share is not."""
    found: int = getattr(getattr(item, "module", None), "TOGETHER", TOGETHER)
    return found


def needs(item: pytest.Item) -> str:
    """Its module, the version of PostgreSQL, and which run it belongs to."""
    found = getattr(item, "callspec", None)
    params = found.params if found else {}
    versions = [params[name] for name in VERSIONED if isinstance(params.get(name), int)]
    module = item.nodeid.partition("::")[0]
    return f"{module} {versions} {item.get_closest_marker('more') is not None}"


def _take_turns(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave only those whose turn it is, by their names."""
    turn = config.getoption("--turn")
    if turn is None:
        return
    others = [item for item in items if has_turns(item.nodeid) and turn_of(item.nodeid) != turn]
    config.hook.pytest_deselected(items=others)
    left = set(others)
    items[:] = [item for item in items if item not in left]


def has_turns(nodeid: str) -> bool:
    """Whether it is in a folder of tests with servers and processes."""
    _, *folders, _ = nodeid.partition("::")[0].split("/")
    return bool(folders) and folders[0] not in WITHOUT


def turn_of(nodeid: str) -> int:
    """The day on which `make test` runs it."""
    return zlib.crc32(nodeid.encode()) % TURNS


def _versions_in_turn(item: pytest.Item, names: Set[str]) -> None:
    """A test that is run on every version: with `make test-more` on the newest, every second
    one also on the oldest, one in six also on a version between them; with `make thorough` each
    on all of them."""
    found = getattr(item, "callspec", None)
    if not found or item.get_closest_marker("in_turn") or not item.get_closest_marker("more"):
        return
    majors = between(found.params)
    if majors and majors != [_in_turn(item, majors[0])]:
        item.add_marker(pytest.mark.thorough)
    if is_spared(item.nodeid, found.params, names):
        item.add_marker(pytest.mark.thorough)


def is_spared(nodeid: str, params: Mapping[str, object], names: Set[str]) -> bool:
    """Whether it is on the oldest version, and the same test on the newest is enough."""
    oldest, newest = MAJORS[0], MAJORS[-1]
    if not any(params.get(name) == oldest for name in VERSIONED):
        return False
    twin = nodeid.replace(str(oldest), str(newest), 1)
    return twin in names and zlib.crc32(twin.encode()) % 2 == 0


def between(params: Mapping[str, object]) -> list[int]:
    """The versions between the oldest and the newest that a test's parameters name."""
    return [major for major in BETWEEN for name in VERSIONED if params.get(name) == major]


def _in_turn(item: pytest.Item, major: int) -> int | None:
    """The version between whose turn it is, by the test's name without the version."""
    name = item.nodeid.replace(str(major), "", 1)
    turn = zlib.crc32(name.encode()) % (SHARE * len(BETWEEN))
    return BETWEEN[turn] if turn < len(BETWEEN) else None


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(bless=bool(request.config.getoption("--bless")))


@contextmanager
def a_server(major: int | None) -> Iterator[Server]:
    """A server of that version; without one the tests skip, which CI counts as a failure.

    Its automatic vacuum is off, lest it come to a table at whatever moment; what it does is
    tested where it is wanted.
    """
    url = None if major else os.environ.get("ZDM_TEST_DSN")
    wanted = Wanted(major=major, url=url, settings=(("autovacuum", "off"),))
    try:
        with scratch.throwaway(wanted) as server:
            if server.notice:
                _missing(server.notice)
            yield server
    except InputError as error:
        _missing(error.message)


_lasting = ExitStack()


def lasting(major: int | None) -> Server:
    """As `a_server`, but to the end of the run, and the same one for whoever asks again: for
    tests that leave nothing on it but databases and roles of their own."""
    if major is None and not os.environ.get("ZDM_TEST_DSN"):
        major = max((found.major for found in programs.installed()), default=None)
    return _started(major)


@functools.cache
def _started(major: int | None) -> Server:
    return _lasting.enter_context(a_server(major))


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def server() -> Server:
    """A throwaway server: ZDM_TEST_DSN's, or one of our own of the newest version there is."""
    return lasting(None)


@pytest.fixture(
    scope="session", params=[pytest.param(major, marks=pytest.mark.more) for major in MAJORS]
)
def every_server(request: pytest.FixtureRequest) -> Server:
    """A throwaway server of each supported version in turn (`make test-more`)."""
    return lasting(request.param)


@functools.cache
def _empty(server: Server) -> str:
    """A template like template0 in which there was a session: the first one of a database reads
    the catalog for its cache file, which takes twice as long as all the rest of it."""
    if server.pid is None:  # another worker may be about to make it there
        return "template0"
    with connection.connect(server.dsn, name="tests") as conn:
        conn.execute(scratch.create(server.major, EMPTY, "template0"))
    url = urlsplit(server.dsn)._replace(path=f"/{EMPTY}").geturl()
    connection.connect(url, name="tests").close()
    return EMPTY


@contextmanager
def fresh_database(server: Server, template: str | None = None) -> Iterator[str]:
    """The URL of a new database, which is dropped after the block."""
    name = f"t_{uuid4().hex[:12]}"
    with connection.connect(server.dsn, name="tests") as conn:
        conn.execute(scratch.create(server.major, name, template or _empty(server)))
        try:
            yield urlsplit(server.dsn)._replace(path=f"/{name}").geturl()
        finally:
            scratch.drop(conn, name)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The URL of an empty database of this test's own."""
    with fresh_database(server) as url:
        yield url


@pytest.fixture
def every_database(every_server: Server) -> Iterator[str]:
    """The URL of an empty database, on each supported version in turn."""
    with fresh_database(every_server) as url:
        yield url
