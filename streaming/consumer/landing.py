"""A batch into the warehouse, in one transaction: rows, what cannot be read, and how far was read.

A batch that comes again changes nothing: raw's key is the message's place.
"""

import io
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from include.errors import InputError
from include.ops.load_runs import Load
from include.ops.quarantine import store_rejected
from include.rules.rejected import Rejected
from include.rules.texts import keepable
from include.run import Batch as Run
from include.transaction import transaction
from streaming.consumer.batches import COLUMNS, Batch, Letter

TABLE, STAGE = "kafka_playback_events", "stream"
NAMES = ", ".join(COLUMNS)
STAGED = """
create temporary table if not exists arrived (like raw.kafka_playback_events including defaults)
on commit delete rows
"""
COPY = f"copy arrived ({NAMES}) from stdin"
INSERT = f"""
insert into raw.kafka_playback_events ({NAMES})
select {NAMES} from arrived on conflict (topic, partition, kafka_offset) do nothing
"""
# The topic was deleted and made again: its offsets begin at 0, and what is in raw has them.
OTHERS = """
select arrived.topic, arrived.partition, arrived.kafka_offset
from arrived inner join raw.kafka_playback_events as stored using (topic, partition, kafka_offset)
where (arrived.event_id, arrived.sent_at) != (stored.event_id, stored.sent_at)
limit 1
"""
# Another consumer may have read further before this one noticed that the partition was taken from it.
READ = """
insert into ops.kafka_partitions as stored (topic, partition, next_offset, end_offset, newest_event_time)
values %s
on conflict (topic, partition) do update set
    next_offset = greatest(stored.next_offset, excluded.next_offset),
    end_offset = greatest(stored.end_offset, excluded.end_offset),
    newest_event_time = greatest(stored.newest_event_time, excluded.newest_event_time),
    read_at = clock_timestamp()
"""

# Whoever asks how far events are complete must not wait for devices that are silent.
LOOKED = """
update ops.kafka_partitions as stored set read_at = clock_timestamp()
from (values %s) as looked (topic, partition, end_offset)
where (stored.topic, stored.partition) = (looked.topic, looked.partition)
    and stored.next_offset >= looked.end_offset
"""


def land(warehouse: Connection, batch: Batch, ends: Mapping[tuple[str, int], int]) -> int:
    """Write the batch and return how many rows were new; `ends` are the offsets after the last messages.

    Raises InputError for a topic that was made anew while raw has messages of the former one.
    """
    with transaction(warehouse) as cursor:
        new = _insert(cursor, batch.lines)
        for day, rejected in _by_day(batch.letters).items():
            load = Load(STAGE, TABLE, datetime.now(UTC))
            store_rejected(warehouse, load, batch.letters[0].message.topic(), rejected, Run(STAGE, day))
        _note(cursor, batch, ends)
    return new


def note_looked(warehouse: Connection, ends: Mapping[tuple[str, int], int]) -> None:
    """Note of partitions that were read to their `ends` that nothing waits there now."""
    if ends:
        with transaction(warehouse) as cursor:
            execute_values(cursor, LOOKED, [(*place, end) for place, end in sorted(ends.items())])


def _insert(cursor: Cursor, lines: list[str]) -> int:
    if not lines:
        return 0
    cursor.execute(STAGED)
    cursor.copy_expert(COPY, io.StringIO("".join(lines)))
    cursor.execute(INSERT)
    new = cursor.rowcount
    if new < len(lines):
        cursor.execute(OTHERS)
        if found := cursor.fetchone():
            topic, partition, offset = found
            raise InputError(
                f"raw.{TABLE} has another message at {topic}, partition {partition}, offset {offset}: the"
                " topic was made anew. Give it another name, or remove the rows of the former one"
            )
    return new


def _by_day(letters: list[Letter]) -> dict[date, list[Rejected]]:
    """Return what cannot be read by the day on which it was sent."""
    days: dict[date, list[Rejected]] = defaultdict(list)
    for letter in letters:
        message = letter.message
        day = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC).date()
        position = f"partition {message.partition()}, offset {message.offset()}"
        days[day].append(Rejected(position, *letter.problem, _text(message.value())))
    return days


def _text(value: bytes | None) -> str:
    """Return the message as a text that PostgreSQL stores: what is not UTF-8, and NUL, is spelled out."""
    return keepable((value or b"").decode(errors="backslashreplace"))


def _note(cursor: Cursor, batch: Batch, ends: Mapping[tuple[str, int], int]) -> None:
    # In one order, or two consumers could wait for each other.
    rows = [
        (*place, reading.next_offset, max(ends.get(place, 0), reading.next_offset), reading.newest)
        for place, reading in sorted(batch.readings.items())
    ]
    execute_values(cursor, READ, rows)
