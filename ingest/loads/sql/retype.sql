-- The loader may not drop a view of the transformer's, but it may drop its own column with all that
-- hangs on it; dbt makes the views again, and the next load the indexes.
alter table {table} add column {wider} {kind};
update {table} set {wider} = {value};
alter table {table} drop column {column} cascade;
alter table {table} rename column {wider} to {column}
