r"""Write the three files of a made-up streaming service into a folder named after the date.

Example, which spells out the defaults:
python -m include.generate --as-of 2024-09-01 --seed 42 \
    --users 5000 --titles 300 --sessions 200000 --defects 0 --out data/
"""

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from include.generate import ANCHOR, LAUNCH, Size, write_files
from include.tables import FILES


def main(argv: list[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    size = Size(options.users, options.titles, options.sessions)
    folder = options.out / options.as_of.isoformat()
    started = time.perf_counter()
    try:
        counts = write_files(
            folder,
            as_of=options.as_of,
            seed=options.seed,
            size=size,
            defects=options.defects,
        )
    except ValueError as error:
        parser.error(str(error))
    seconds = time.perf_counter() - started
    wrote = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    print(f"Wrote {wrote} to {folder} in {seconds:.1f} s")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.generate", description=_about())
    add = parser.add_argument
    add("--as-of", type=date.fromisoformat, default=ANCHOR, metavar="DATE", help="end of this day")
    add("--seed", type=int, default=42, help="another number, another world")
    add("--users", type=int, default=Size.users, help=f"users on {ANCHOR}")
    add("--titles", type=int, default=Size.titles, help=f"titles on {ANCHOR}")
    add("--sessions", type=int, default=Size.sessions, help=f"sessions until {ANCHOR}")
    add("--defects", type=float, default=0.0, metavar="SHARE", help="share of rows to break")
    add("--out", type=Path, default=Path("data"), help="files go to OUT/DATE/")
    return parser


def _about() -> str:
    return (
        f"Write {FILES} of a made-up streaming service that "
        f"started on {LAUNCH}. The sizes hold on {ANCHOR}; earlier there is less, later more. "
        "The same arguments give the same bytes."
    )


if __name__ == "__main__":
    sys.exit(main())
