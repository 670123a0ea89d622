"""Why a plan is as it is: reads plan and operations, and decides nothing."""
