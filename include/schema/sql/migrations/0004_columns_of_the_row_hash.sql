-- The row hash of a source covers also columns that nobody declared, so it says which.

alter table ops.source_figures add column if not exists columns jsonb;
comment on column ops.source_figures.columns is
    'Of the row hash: the columns that it covers, with their types in raw.';
comment on column ops.reconciliations.rounding is
    'What the two decimals of the star, and of a row hash also the words of the star, take away from the value in raw.';
