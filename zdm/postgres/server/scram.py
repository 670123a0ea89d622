"""What a server keeps of a password that zdm made: hashed once, not 4,096 times.

Such a password is random, so nobody finds it by trying, and the iterations of the default only
cost the client 3 ms for each connection. Before PostgreSQL 16 no setting asks for fewer, but a
server takes a password that is hashed already (manual, ALTER ROLE).
"""

import hashlib
import hmac
import secrets
from base64 import b64encode


def hashed(password: str) -> str:
    """The password as PostgreSQL keeps it (RFC 5803); it must be ASCII."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations=1)
    client, server = (
        hmac.digest(salted, what, "sha256") for what in (b"Client Key", b"Server Key")
    )
    parts = (salt, hashlib.sha256(client).digest(), server)
    shown = (b64encode(part).decode() for part in parts)
    return "SCRAM-SHA-256$1:{}${}:{}".format(*shown)
