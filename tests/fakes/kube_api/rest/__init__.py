"""The protocol: requests, verbs, lists, watches, answers that say no, failures on order."""
