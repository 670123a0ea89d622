"""How much `zdm check` found and read, in one line."""

from zdm.rules.report import Level, Report


def summary(report: Report) -> str:
    """How much was found, and how much was read."""
    errors, warnings = report.counted(Level.ERROR), report.counted(Level.WARN)
    parts = [counted(errors, "error"), counted(warnings, "warning")]
    notes = report.counted(Level.NOTE)
    if notes:
        parts.append(f"{counted(notes, 'note')} (`zdm plan` makes these safe)")
    accepted = sum(1 for finding in report.findings if finding.in_baseline)
    ignored = sum(1 for finding in report.findings if finding.ignored) - accepted
    if ignored:
        parts.append(f"{ignored} ignored")
    if accepted:
        parts.append(f"{accepted} in the baseline")
    read = f"understood {report.understood} of {counted(report.statements, 'statement')}"
    return f"{', '.join(parts)}; {read} in {counted(report.files, 'file')}"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
