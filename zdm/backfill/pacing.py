"""How hard a backfill may work the server; the command line offers it, the engine obeys it."""

from enum import StrEnum


class Pacing(StrEnum):
    """`paced` leaves the server room for the application; `full` is for a quiet database."""

    PACED = "paced"
    FULL = "full"
