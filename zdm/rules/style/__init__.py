"""Rules about style, which are off unless the settings turn them on."""
