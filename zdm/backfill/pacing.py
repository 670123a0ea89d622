"""How hard a backfill may load the server: chosen on the command line, used by the engine."""

from enum import StrEnum


class Pacing(StrEnum):
    """`paced` leaves the server room for the application; `full` is for a quiet database."""

    PACED = "paced"
    FULL = "full"
