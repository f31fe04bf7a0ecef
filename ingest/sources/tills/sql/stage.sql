-- Like the raw table, without its constraints, for this transaction.
create temporary table {staged} on commit drop as
table {raw}
with no data
