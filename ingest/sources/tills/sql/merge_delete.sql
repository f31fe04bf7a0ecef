delete from {raw} as landed
using {staged} as staged
where landed.branch_id = %(branch)s and landed.{key} = staged.{key}
