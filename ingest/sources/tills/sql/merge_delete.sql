-- What has changed, or was marked as deleted, makes room.
delete from {raw} as landed
using {staged} as staged
where
    landed.{till} = %(till)s
    and {is_same}
    and (landed._deleted_at is not null or row({landed}) is distinct from row({brought}))
