"""Whether a plan file is signed by someone who may: `ssh-keygen -Y verify` decides.

The signature is beside the plan, where `ssh-keygen -Y sign -n zdm-plan -f KEY PLAN` writes it;
a file in the format of `allowed_signers` (ssh-keygen(1)) says whose keys count.
"""

import subprocess
from pathlib import Path

from zdm.errors import InputError, RefusedError
from zdm.serialize import input_file

NAMESPACE = "zdm-plan"
SUFFIX = ".sig"
_PROGRAM = "ssh-keygen"
_SECONDS = 20


def check(file: Path, data: bytes, allowed_signers: Path) -> str:
    """Who signed these bytes of the plan file; RefusedError where nobody did who may."""
    signature = file.with_name(file.name + SUFFIX)
    if not input_file.is_file(allowed_signers):
        raise InputError(
            f"the allowed signers {allowed_signers} cannot be read, so nobody may sign a plan",
            hint="check the path; ssh-keygen(1) describes the format",
        )
    if not input_file.is_file(signature):
        raise RefusedError(
            f"{file} is not signed: there is no {signature.name} beside it",
            hint=f"after the review: ssh-keygen -Y sign -n {NAMESPACE} -f KEY {file}",
        )
    who = _signer(signature, allowed_signers)
    by = ["-f", str(allowed_signers), "-I", who, "-n", NAMESPACE, "-s", str(signature)]
    verified = _run(["verify", *by], data)
    if verified.returncode != 0:
        raise RefusedError(
            f"the signature {signature.name} of {who} is not one of this plan:"
            f" {_first_line(verified)}",
            hint=f"sign the plan that was reviewed, with -n {NAMESPACE}",
        )
    return who


def _signer(signature: Path, allowed_signers: Path) -> str:
    found = _run(["find-principals", "-f", str(allowed_signers), "-s", str(signature)], b"")
    names = found.stdout.decode(errors="replace").splitlines()
    if found.returncode != 0 or not names:
        raise RefusedError(
            f"{signature.name} is not made with a key of {allowed_signers}:"
            f" {_first_line(found)}",
            hint="let a person sign it whose key is listed there, or list the key",
        )
    return names[0]


def _run(arguments: list[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [_PROGRAM, "-Y", *arguments],
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError(
            f"{_PROGRAM} is not installed, so the plan's signature cannot be verified",
            hint="install OpenSSH's client (Debian: openssh-client)",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RefusedError(
            f"{_PROGRAM} did not answer within {_SECONDS} s, so the plan's signature is not"
            " verified",
            hint="run the same command again",
        ) from error


def _first_line(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return lines[0].strip() if lines else f"{_PROGRAM} exits with {done.returncode}"
