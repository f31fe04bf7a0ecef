-- A table that is emptied in the load's own transaction is written without a log of every row.
do $first$
begin
    if not exists (select 1 from {table}) then
        truncate {table};
    end if;
end
$first$
