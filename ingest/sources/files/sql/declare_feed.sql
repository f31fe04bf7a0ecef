insert into raw_files._feeds as known ({columns})
values ({values})
on conflict (feed) do update set ({columns}) = row({excluded})
where known is distinct from excluded
returning xmax <> 0 as was_known
