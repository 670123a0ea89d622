"""The contract gate: nothing contracts while an old version may be alive; no driver's code."""
