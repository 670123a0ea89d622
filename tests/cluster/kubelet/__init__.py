"""A kubelet for tests that runs containers as processes of this machine.

So the real controllers of a real control plane drive real application processes. What it does
as the real one does: registration and leases, init containers, environment, volumes and
service account tokens, probes, restarts with back-off, image pulls from an allow-list, preStop,
SIGTERM, grace time, SIGKILL, exit codes, conditions and events.

What is different, and what a test must not rely on:

- All containers share the machine's network. Each pod has a loopback address of its own and
  its programs must listen on that address, which they find in POD_IP (or by a field reference
  to status.podIP). The API server refuses loopback addresses in EndpointSlices, so the API
  shows 10.x.y.z for the process's 127.x.y.z (addresses.py).
- A client inside a pod finds the API server by KUBERNETES_SERVICE_HOST and _PORT; cluster IPs,
  DNS and the variables of other Services are not there.
- The machine's files are every container's image. Where this user is root a container has a
  file system of its own on top of them, with its volumes mounted; /tmp stays the machine's.
  Elsewhere it has its volumes only below the folder that ZDM_POD_ROOT names (mounts.py).
- No PID namespace: a program is not PID 1. Resource limits, runAsUser and the like,
  postStart, sidecar containers, gRPC probes and ephemeral containers are not modelled; those
  that would change what runs make the pod fail with the reason NotModelled.
"""
