insert into raw_documents._positions as known (collection, place, position)
values (%(collection)s, %(place)s, %(position)s)
on conflict (collection) do update
    set
        place = excluded.place,
        position = excluded.position
