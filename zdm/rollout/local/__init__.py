"""The driver for processes of one machine; imports no third-party package but psutil."""
