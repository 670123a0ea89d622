"""The controllers, the scheduler and the kubelets, as functions over the store.

Each looks at what is there and writes what follows, without memory of its own except for the
processes inside pods; `loop.settle` calls them until nothing follows any more.
"""
