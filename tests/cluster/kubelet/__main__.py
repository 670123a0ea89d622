"""The process kubelet: `python -m tests.cluster.kubelet FOLDER NODE SUBNET BACK_OFF`.

FOLDER is the cluster's: kubelet.conf, images.json and the pods' files are in it.
"""

import json
import logging
import signal
import sys
import threading
from pathlib import Path

from tests.cluster.controlplane import api
from tests.cluster.controlplane.api import ApiError, Json
from tests.cluster.kubelet import logs, node
from tests.cluster.kubelet.agent import Agent
from tests.cluster.kubelet.context import Settings
from tests.cluster.kubelet.logs import Certificates


def main(folder: Path, name: str, subnet: int, back_off: float) -> None:
    """Register the node and run its pods until SIGTERM."""
    logging.basicConfig(format="%(asctime)s %(threadName)s %(message)s", level=logging.INFO)
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    content = json.loads((folder / "kubelet.conf").read_text())
    cluster = content["clusters"][0]["cluster"]
    settings = Settings(
        api=api.client(
            int(cluster["server"].rpartition(":")[2]),
            Path(cluster["certificate-authority"]),
            content["users"][0]["user"]["token"],
        ),
        node=name,
        folder=folder,
        images=folder / "images.json",
        cluster=str(folder),
        subnet=subnet,
        back_off=back_off,
    )
    agent = Agent(settings)
    keys = folder / "credentials"
    held = Certificates(keys / "ca.crt", keys / "server.crt", keys / "server.key")
    found = _registered(settings, logs.serve(agent.find, held), stopped)
    threading.Thread(target=node.beat, args=(settings, found, stopped), daemon=True).start()
    agent.run(stopped)


def _registered(settings: Settings, port: int, stopped: threading.Event) -> Json:
    while True:
        try:
            return node.register(settings, port)
        except (ApiError, OSError) as error:
            logging.warning("not registered yet: %s", error)
            if stopped.wait(0.5):
                sys.exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
