"""What is said, and with which exit code, where no connection is made."""

import pytest

from zdm.postgres.session import connection_failures

AT = 'connection failed: connection to server at "127.0.0.1", port 5432 failed: '
# as libpq and the servers print them (14, 18)
STAYS = (
    'connection is bad: invalid sslmode value: "bogus"',
    'connection is bad: definition of service "nope" not found',
    'connection is bad: invalid integer value "notaport" for connection option "port"',
    'connection is bad: invalid port number: "99999"',
    'connection is bad: invalid target_session_attrs value: "bogus"',
    'connection is bad: invalid "ssl_min_protocol_version" value: "TLSv9"',
    AT + "server does not support SSL, but SSL was required",
    AT + 'server certificate for "other.example" does not match host name "127.0.0.1"',
    AT + "SSL error: certificate verify failed",
    AT + 'root certificate file "/nope" does not exist\nEither provide the file, use the'
    " system's trusted roots with sslrootcert=system, or change sslmode to disable server"
    " certificate verification.",
    AT + 'could not open certificate file "/nope": No such file or directory',
    AT + 'FATAL:  password authentication failed for user "shop"',
    AT + "fe_sendauth: no password supplied",
    AT + 'FATAL:  role "nobody" does not exist',
    AT + 'FATAL:  role "shop" is not permitted to log in',
    AT + 'FATAL:  database "nope" does not exist',
    AT + 'FATAL:  permission denied for database "shop"\nDETAIL:  User does not have CONNECT'
    " privilege.",
    AT + 'FATAL:  database "template0" is not currently accepting connections',
    AT + 'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "shop", database "shop",'
    " no encryption",
)
PASSES = (
    AT + "Connection refused\n\tIs the server running on that host and accepting TCP/IP"
    " connections?",
    'connection is bad: connection to server on socket "/run/.s.PGSQL.5432" failed: No such'
    " file or directory\n\tIs the server running locally and accepting connections on that"
    " socket?",
    "failed to resolve host 'db': [Errno -3] Temporary failure in name resolution",
    "connection timeout expired",
    AT + "FATAL:  the database system is starting up",
    AT + "FATAL:  the database system is not yet accepting connections\nDETAIL:  Consistent"
    " recovery state has not been yet reached.",
    AT + "FATAL:  the database system is shutting down",
    AT + "FATAL:  sorry, too many clients already",
    AT + 'FATAL:  too many connections for role "shop"',
    AT + "server closed the connection unexpectedly\n\tThis probably means the server"
    " terminated abnormally\n\tbefore or while processing the request.",
    AT + "SSL SYSCALL error: EOF detected",
    AT + "session is read-only",
    AT + "FATAL:  etwas, das hier niemand kennt",
)
TWO_HOSTS = (
    'connection failed: connection to server at "10.0.0.2", port 5433 failed: FATAL:  {last}\n'
    "Multiple connection attempts failed. All failures were:\n"
    "- host: 'a', port: '5432', hostaddr: '10.0.0.1': connection failed: connection to server"
    ' at "10.0.0.1", port 5432 failed: Connection refused\n'
    "\tIs the server running on that host and accepting TCP/IP connections?\n"
    "- host: 'b', port: '5433', hostaddr: '10.0.0.2': connection failed: connection to server"
    ' at "10.0.0.2", port 5433 failed: FATAL:  {last}'
)


@pytest.mark.parametrize("message", STAYS)
def test_what_stays_is_invalid_input_with_a_remedy(message: str) -> None:
    error = connection_failures.described("shop@db:5432/shop", message)

    assert error.exit_code == 2
    assert error.hint


@pytest.mark.parametrize("message", PASSES)
def test_what_passes_is_temporary(message: str) -> None:
    error = connection_failures.described("shop@db:5432/shop", message)

    assert error.exit_code == 75
    assert error.hint


@pytest.mark.parametrize("message", STAYS + PASSES)
def test_the_first_line_is_kept_and_no_other(message: str) -> None:
    said = connection_failures.described("shop@db:5432/shop", message).message
    first, *others = message.removeprefix("connection failed: ").splitlines()

    assert first.removeprefix("connection is bad: ") in said
    assert not [line for line in others if line.strip() in said]


def test_each_host_is_named_with_its_own_reason() -> None:
    message = TWO_HOSTS.format(last='database "shop" does not exist')
    error = connection_failures.described("shop@a:5432,b:5433/shop", message)

    assert error.exit_code == 75  # the one that is down may be the one that has it
    assert error.message.count("; connection to server at") == 1
    assert "port 5432 failed: Connection refused; " in error.message
    assert error.message.endswith('port 5433 failed: FATAL:  database "shop" does not exist')
