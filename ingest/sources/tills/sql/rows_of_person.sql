select 1
from {root} as root
where
    root.branch_id = landed.branch_id
    and root.{root_key} = landed.{parent_key}
    and root.{person} = erasures.customer_id
