"""What the server says when it says no: Status objects with the real codes and wording."""

from tests.fakes.kube_api.kinds import Json, Kind


class Refusal(Exception):
    """An answer that is a Status."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None):
        super().__init__(message)
        self.code = code
        self.status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": code,
        }
        if details is None:
            del self.status["details"]


def _about(kind: Kind, name: str) -> Json:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in details.items() if value}


def not_found(kind: Kind, name: str) -> Refusal:
    """404."""
    message = f'{kind.resource} "{name}" not found'
    return Refusal(404, "NotFound", message, _about(kind, name))


def exists(kind: Kind, name: str) -> Refusal:
    """409 of a second POST."""
    message = f'{kind.resource} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, _about(kind, name))


def modified(kind: Kind, name: str) -> Refusal:
    """409 of a stale resourceVersion."""
    return conflict(
        kind,
        name,
        "the object has been modified; please apply your changes to the latest version and"
        " try again",
    )


def conflict(kind: Kind, name: str, why: str) -> Refusal:
    """409 of a write that came too late."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Refusal(409, "Conflict", message, _about(kind, name))


def other_uid(kind: Kind, name: str, wanted: str, present: str) -> Refusal:
    """409 of a DELETE that expects another object; it speaks of kinds, not of resources."""
    why = (
        f"the UID in the precondition ({wanted}) does not match the UID in record ({present})."
        " The object might have been deleted and then recreated"
    )
    words = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    details = {"name": name, "group": kind.group, "kind": kind.kind}
    return Refusal(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {words} "{name}": {why}',
        {key: value for key, value in details.items() if value},
    )


def owned_by_others(causes: list[Json]) -> Refusal:
    """409 of a server-side apply: the fields have other owners."""
    if len(causes) == 1:
        what = f"1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        fields: dict[str, str] = {}
        for cause in causes:
            owner = cause["message"].replace("conflict", "conflicts", 1)
            fields[owner] = fields.get(owner, "") + f"\n- {cause['field']}"
        lines = "\n".join(f"{owner}:{of_owner}" for owner, of_owner in fields.items())
        what = f"{len(causes)} conflicts: {lines}"
    return Refusal(409, "Conflict", f"Apply failed with {what}", {"causes": causes})


_REASONS = {
    "Invalid value": "FieldValueInvalid",
    "Required value": "FieldValueRequired",
    "Forbidden": "FieldValueForbidden",
}


def invalid(kind: Kind, name: str, field: str, why: str) -> Refusal:
    """422 of an object that may not be stored; `why` begins with the cause's type."""
    what = (kind.group, kind.kind, name)
    return _invalid(f"{kind.kind}.{kind.group}" if kind.group else kind.kind, what, field, why)


def unversioned(kind: Kind, name: str) -> Refusal:
    """422 of a PUT that must name a version; it speaks of resources, not of kinds."""
    what = (kind.group, kind.plural, name)
    why = "Invalid value: 0: must be specified for an update"
    return _invalid(kind.resource, what, "metadata.resourceVersion", why)


def invalid_option(options: str, field: str, why: str) -> Refusal:
    """422 of a query parameter."""
    return _invalid(f"{options}.meta.k8s.io", ("meta.k8s.io", options, ""), field, why)


def _invalid(words: str, what: tuple[str, str, str], field: str, why: str) -> Refusal:
    group, kind, name = what
    cause = {"reason": _REASONS[why.split(":", 1)[0]], "message": why, "field": field}
    details = {"name": name, "group": group, "kind": kind, "causes": [cause]}
    return Refusal(
        422,
        "Invalid",
        f'{words} "{name}" is invalid: {field}: {why}',
        {key: value for key, value in details.items() if value},
    )


def without_merge_key(item: Json, key: str) -> Refusal:
    """500 without a reason, of a strategic patch that does not say which item it means."""
    pairs = " ".join(f"{name}:{value}" for name, value in sorted(item.items()))
    message = f"map: map[{pairs}] does not contain declared merge key: {key}"
    refusal = Refusal(500, "", message)
    del refusal.status["reason"]
    return refusal


def bad_request(why: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", why)


def unprocessable() -> Refusal:
    """422 of a JSON patch that cannot be applied, a failed `test` included."""
    message = "the server rejected our request due to an error in our request"
    return Refusal(422, "Invalid", message, {})


def expired(why: str) -> Refusal:
    """410: the version asked for is forgotten; list again."""
    return Refusal(410, "Expired", why)


def forbidden(kind: Kind, name: str, why: str) -> Refusal:
    """403."""
    what = f'{kind.resource} "{name}"' if name else kind.resource
    return Refusal(403, "Forbidden", f"{what} is forbidden: {why}", _about(kind, name))


def unauthorized() -> Refusal:
    """401: the token is nobody's."""
    return Refusal(401, "Unauthorized", "Unauthorized")


def unsupported() -> Refusal:
    """415."""
    return Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def not_allowed() -> Refusal:
    """405."""
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message, {})


def no_such_resource() -> Refusal:
    """404 of a path within a known group, which no resource has."""
    message = "the server could not find the requested resource"
    return Refusal(404, "NotFound", message, {})


def success(kind: Kind, name: str, uid: str) -> Json:
    """The answer to a DELETE that took effect at once."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {**_about(kind, name), "uid": uid},
    }
