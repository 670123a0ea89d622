"""A pod's volumes as folders: emptyDir, configMap, secret, downwardAPI and projected ones.

Files are replaced by renaming, so that a reader never sees half of one. Service account
tokens are made anew before they end; ConfigMaps and Secrets keep what they held at the start.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.controlplane.api import Json
from tests.cluster.kubelet import environment
from tests.cluster.kubelet.environment import ConfigError, Fetch

RENEW = 0.8  # of a token's life

Token = Callable[[Json], str]  # from the projection's serviceAccountToken to a token


@dataclass
class Volumes:
    """The volumes of one pod below one folder."""

    folder: Path
    pod: Json
    pod_ip: str
    fetch: Fetch
    token: Token
    renewals: dict[Path, tuple[float, Json]] = field(default_factory=dict)

    def make(self) -> None:
        """Fill every volume; ConfigError where a source is missing."""
        for volume in self.pod["spec"].get("volumes", []):
            home = self.path(volume["name"])
            home.mkdir(parents=True, exist_ok=True)
            for name, content, mode in self._files(volume):
                _write(home / name, content, mode)
            for source in volume.get("projected", {}).get("sources", []):
                if "serviceAccountToken" in source:
                    self._token(home, source["serviceAccountToken"])

    def path(self, name: str) -> Path:
        return self.folder / name

    def renew(self) -> None:
        """Replace the tokens that are about to end."""
        now = time.monotonic()
        for path, (due, projection) in list(self.renewals.items()):
            if now >= due:
                self._token(path.parent, projection)

    def _token(self, home: Path, projection: Json) -> None:
        path = home / projection["path"]
        _write(path, self.token(projection).encode(), 0o644)
        life = projection.get("expirationSeconds", 3600)
        self.renewals[path] = (time.monotonic() + RENEW * life, projection)

    def _files(self, volume: Json) -> Iterator[tuple[str, bytes, int]]:
        if "projected" in volume:
            mode = volume["projected"].get("defaultMode", 0o644)
            for source in volume["projected"]["sources"]:
                yield from self._source(source, mode)
        elif "emptyDir" not in volume:
            kinds = {"configMap", "secret", "downwardAPI"} & set(volume)
            if not kinds:
                raise ConfigError(f"volume {volume['name']} is of a kind that is not modelled")
            source = dict(volume)
            if "secret" in volume:
                source["secret"] = {**volume["secret"], "name": volume["secret"]["secretName"]}
            yield from self._source(source, volume[kinds.pop()].get("defaultMode", 0o644))

    def _source(self, source: Json, mode: int) -> Iterator[tuple[str, bytes, int]]:
        for kind in ("secret", "configMap"):
            if kind in source:
                yield from self._content(kind.lower(), source[kind], mode)
        for item in source.get("downwardAPI", {}).get("items", []):
            text = environment.field(item["fieldRef"]["fieldPath"], self.pod, self.pod_ip)
            yield item["path"], text.encode(), item.get("mode", mode)

    def _content(self, kind: str, source: Json, mode: int) -> Iterator[tuple[str, bytes, int]]:
        optional = source.get("optional", False)
        content = environment.data(kind, source["name"], optional, self.fetch)
        items = source.get("items") or [{"key": key, "path": key} for key in content]
        for item in items:
            if item["key"] in content:
                yield item["path"], content[item["key"]], item.get("mode", mode)
            elif not optional:
                raise ConfigError(f"references non-existent {kind} key: {item['key']}")


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=mode)
    fresh.write_bytes(content)
    fresh.chmod(mode)
    fresh.replace(path)
