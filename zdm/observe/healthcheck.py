"""The container's health check: request a run's health page, if the run has one.

    python -m zdm.observe.healthcheck http://127.0.0.1:9187/healthz

Healthy (0): the page answers with 2xx, or nobody listens there, since a run need not listen
and is alive while it is process 1. Unhealthy (1): it answers otherwise, or not in time.
"""

import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

SECONDS = 3.0


def is_healthy(url: str) -> bool:
    """Whether the page reports health, or is not served at all."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS):
            return True
    except urllib.error.HTTPError:
        return False
    except urllib.error.URLError as error:
        return isinstance(error.reason, ConnectionRefusedError)
    except OSError:
        return False


def main(arguments: Sequence[str]) -> int:
    """The exit code; 1 if no address is given."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m zdm.observe.healthcheck URL\n")
        return 1
    return 0 if is_healthy(arguments[0]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
