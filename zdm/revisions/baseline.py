"""What the first revision expects, made by a command of the project's own.

Some applications make their tables themselves and let Alembic change them. The command gets the
shadow's URL as ZDM_SHADOW_URL (and as PG* for libpq) in an environment without other secrets.
"""

import subprocess

from zdm.errors import InputError
from zdm.revisions import child_environment, shadow_address
from zdm.revisions.child_process import Child

VARIABLE = "ZDM_SHADOW_URL"


def run(child: Child, dsn: str, command: tuple[str, ...]) -> None:
    """Run the command against the shadow; it must leave the schema that is wanted."""
    project = child.project
    found = shadow_address.parse(dsn)
    url = found.url("postgresql")
    variables = {
        **child_environment.scrubbed(project.environ, child.home, project.variables),
        **dict.fromkeys(child_environment.database_variables(project.environ), url),
        **found.variables(),
        VARIABLE: url,
    }
    shown = " ".join(command)
    try:
        done = subprocess.run(
            command,
            cwd=project.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=project.time_limit.total_seconds(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(
            f"the baseline command `{shown}` could not be run: {error}",
            hint="set `baseline_command` under [alembic] in zdm.toml",
        ) from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InputError(
            f"the baseline command `{shown}` ended with code {done.returncode}:"
            f" {' / '.join(said[-3:]) or 'it said nothing'}",
            hint=f"run it by hand with {VARIABLE} set to an empty database",
        )
