-- What a load need not hash again: parts of a source's table in which nobody wrote a row since the last one.

create table if not exists ops.source_parts (
    table_name text primary key,
    identity text not null,
    oldest_open bigint not null,
    pages bigint not null,
    figures jsonb not null
);
comment on table ops.source_parts is
    'One row per raw table: the figures of its source by parts of so many pages, so that the next load hashes only parts in which a row was written. May be deleted at any time: the next load then hashes all.';
comment on column ops.source_parts.identity is
    'A hash of the running server, the table, its columns and what is measured: for another one the figures do not count.';
comment on column ops.source_parts.oldest_open is
    'The oldest transaction that was open in the source when it was measured: rows of earlier ones were seen.';
