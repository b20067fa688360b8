-- The stamp of raw tables was indexed by a b-tree, then by a BRIN on the column itself. No query needs them any more.

do $$
declare
    former record;
begin
    for former in
        select indexname from pg_indexes
        where schemaname = 'raw' and (indexname like '%\_\_loaded\_at' or indexname like '%\_\_loaded\_at\_brin')
    loop
        execute format('drop index raw.%I', former.indexname);
    end loop;
end
$$;
