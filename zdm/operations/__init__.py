"""Every schema change that zdm knows, in the order in which it is asked for.

Those that consume more Actions stand first: a rename said as add, fill and drop must not be
planned as three changes.
"""

from zdm.model.operation import Recogniser

ALL: tuple[Recogniser, ...] = ()
