"""Prints the results of the benchmarks: one aligned row for each measurement, with its target and the verdict."""

from collections.abc import Sequence

MET, MISSED = "met", "missed"


def verdict(value: float, most: float | None, wanted: str = "") -> str:
    """Return the target and whether the value meets it, or an empty text if there is no target."""
    if most is None:
        return ""
    return f"{wanted or f'at most {most:g}'}: {MET if value <= most else MISSED}"


def heading(title: str, *remarks: str) -> None:
    """Print a title and the remarks that explain the rows below it."""
    print(f"\n{title}")
    for remark in remarks:
        print(f"  {remark}")
    print(flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a header and rows. The first column is left-aligned, numbers are right-aligned, verdicts are unaligned."""
    texts = [[*header], *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    for name, *cells in texts:
        aligned = [cell if cell.endswith((MET, MISSED)) else cell.rjust(widths[n]) for n, cell in enumerate(cells, 1)]
        print(f"  {'  '.join([name.ljust(widths[0]), *aligned]).rstrip()}", flush=True)


def _text(cell: object) -> str:
    match cell:
        case int():
            return f"{cell:,}"
        case float() if cell.is_integer():
            return f"{cell:,.0f}"
        case float():
            return f"{cell:,.2f}"
        case _:
            return str(cell)
