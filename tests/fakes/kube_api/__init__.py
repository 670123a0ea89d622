"""A Kubernetes API server in memory, faithful to the protocol as far as zdm and kubectl see it.

`server.FakeKube` is the door. Objects are plain JSON dictionaries, kept by `store`; requests
are answered by `verbs`; `controllers` play Deployment, ReplicaSet and the other controllers,
the scheduler and the kubelets on a clock that the test moves.
What the real server answers to the same requests is asked by the recorded conversations.
"""
