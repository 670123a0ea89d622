"""Pod addresses: 10.x.y.z for the API server, 127.x.y.z for the processes.

Kubernetes refuses loopback addresses in EndpointSlices (measured with 1.36.3), and only
loopback addresses can be bound without privileges.
"""

from collections.abc import Iterable


def of_process(pod_ip: str) -> str:
    """The address that the pod's processes listen on."""
    return "127." + pod_ip.removeprefix("10.")


def free(subnet: int, taken: Iterable[str]) -> str:
    """A pod address of the subnet 10.SUBNET.0.0/16 that nobody has."""
    avoided = set(taken)
    for number in range(1, 250 * 250):
        address = f"10.{subnet}.{number // 250}.{number % 250 + 1}"
        if address not in avoided:
            return address
    raise OSError(f"no pod address of 10.{subnet}.0.0/16 is free")
