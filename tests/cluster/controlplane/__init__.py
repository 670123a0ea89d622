"""The real control plane on this machine: its programs, certificates, processes, and their end.

What runs on it is in `kubelet` and `workloads`.
"""
