"""Throwaway servers: found, started, ended; holds no schema of its own."""
