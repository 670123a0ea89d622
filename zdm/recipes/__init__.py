"""Building blocks that several operations' recipes share: steps, probes, costs, effects."""
