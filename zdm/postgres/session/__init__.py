"""Connections and sessions: opened, named, looked at, ended; knows no plan."""
