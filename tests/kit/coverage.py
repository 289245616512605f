"""How much of the code the tests have run: the modules of which they ran least, and the total."""

from pathlib import Path

from coverage import Coverage

LOW = 80
"""The percentage below which a module is named."""


def main() -> None:
    """Print what `.coverage` holds, the lowest first."""
    coverage = Coverage()
    coverage.load()
    lines = ran = 0
    low: list[tuple[float, str]] = []
    for file in coverage.get_data().measured_files():
        _, statements, _, missing, _ = coverage.analysis2(file)
        lines, ran = lines + len(statements), ran + len(statements) - len(missing)
        if statements and len(missing) / len(statements) > 1 - LOW / 100:
            share = 100 - 100 * len(missing) / len(statements)
            low.append((share, Path(file).relative_to(Path.cwd()).as_posix()))
    for share, name in sorted(low):
        print(f"{share:4.0f}%  {name}")
    print(f"The tests ran {100 * ran / max(lines, 1):.1f}% of {lines:,} lines.")


if __name__ == "__main__":
    main()
