"""Run zdm as `python -m zdm`."""

from zdm.cli import main

main()
