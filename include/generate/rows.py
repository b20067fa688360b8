"""Columns to CSV text: fields are looked up in tables of ready-made texts, rows joined in bulk.

To build the rows, their fields are copied into records of fixed width, from which the padding is
then dropped: no Python runs for a single row.
"""

import numpy as np

from include.generate.catalogue import Catalogue
from include.generate.sessions import QUALITIES, SessionDay
from include.generate.timeline import date_of
from include.generate.users import COUNTRIES, DEVICES, PLANS, Users
from include.specs import PostgresTable

Field = tuple[np.ndarray, np.ndarray]  # a table of texts, and for each row which of them


def join_fields(fields: list[Field]) -> bytes:
    """Put the fields of all rows together; the texts bring their commas and line ends with them."""
    layout = [(str(place), table.dtype) for place, (table, _) in enumerate(fields)]
    rows = np.empty(len(fields[0][1]), dtype=layout)
    for place, (table, which) in enumerate(fields):
        rows[str(place)] = table[which]
    return rows.tobytes().translate(None, b"\0")


def csv_header(table: PostgresTable) -> bytes:
    """Return the first line of the table's file: its columns as they are declared."""
    return ",".join(column.name for column in table.file_columns).encode() + b"\n"


def user_id(index: int) -> str:
    """Name the user at an index."""
    return f"U{index + 1:04d}"


def users_text(users: Users, who: np.ndarray, minutes: np.ndarray, today: int) -> bytes:
    """Write the rows of some users, given everyone's minutes watched."""
    columns = zip(
        who.tolist(),
        users.ages(date_of(today))[who].tolist(),
        users.country[who].tolist(),
        users.plan[who].tolist(),
        users.joined_on[who].tolist(),
        # Tenths of an hour, rounded half up in whole numbers: the same as numeric in SQL.
        ((minutes[who] + 3) // 6).tolist(),
        strict=True,
    )
    dates, countries = [date_of(day).isoformat() for day in range(today + 1)], list(COUNTRIES)
    return "".join(
        f"{user_id(user)},{age},{countries[country]},{PLANS[plan]},{dates[day]},"
        f"{tenths // 10}.{tenths % 10}\n"
        for user, age, country, plan, day, tenths in columns
    ).encode()


class SessionText:
    """Write the rows of sessions, with the tables of texts made once."""

    def __init__(self, users: int, catalogue: Catalogue) -> None:
        longest = int(catalogue.minutes.max())
        self._last_digits = _table(f"{number:03d}," for number in range(1000))
        self._users = _table(f"{user_id(user)}," for user in range(users))
        self._titles = _table(f"{key}," for key in catalogue.ids)
        self._minutes = _table(f"{minutes}," for minutes in range(longest + 1))
        self._completion = _table(f"{tenths / 10:.1f}," for tenths in range(1001))
        self._screen = _table(f"{d},{q}\n" for d in DEVICES for q in QUALITIES)

    def write(self, day: int, rows: SessionDay) -> bytes:
        """Write sessions of one watch day."""
        if not len(rows.number):
            return b""
        thousand, last_digits = np.divmod(rows.number, 1000)
        first = int(thousand[0])
        numbers = _table(f"S{n:03d}" for n in range(first, int(thousand[-1]) + 1))
        return join_fields(
            [
                (numbers, thousand - first),
                (self._last_digits, last_digits),
                (self._users, rows.user),
                (self._titles, rows.title),
                (_table([f"{date_of(day)},"]), np.zeros(len(rows.number), int)),
                (self._minutes, rows.minutes),
                (self._completion, rows.tenths),
                (self._screen, rows.device * len(QUALITIES) + rows.quality),
            ]
        )


def _table(texts: object) -> np.ndarray:
    return np.array([text.encode() for text in texts])
