"""A Kubernetes API server in memory, faithful to the protocol as far as zdm and kubectl see it.

    with FakeKube() as kube:
        kube.images["shop:v1"] = Behaviour(ready_after=2, drain=40)
        kube.apply(manifests.deployment("web", "shop:v1", replicas=3))
        kube.advance(10)
        kube.fail_next(failures.Answer(429), method="PATCH", times=3)

`server.FakeKube` is the door. Objects are plain JSON dictionaries, kept by `store`; `rest`
answers requests, and `objects` says what they do to an object; `controllers` play Deployment,
ReplicaSet and the other controllers, the scheduler and the kubelets on a clock that the test
moves, or that follows real time.
What the real server answers to the same requests is asked by the recorded conversations.
"""
