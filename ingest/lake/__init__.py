"""The lake: the warehouse's tables as Iceberg tables in a folder or a bucket.

`catalog` says where it is, `relations` what goes there, `sync` brings it there, and `expiry` takes
away what nothing needs any more.
"""
