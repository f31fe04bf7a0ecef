"""Databases of real till systems, filled by generators that write as these programs do.

Each system's module has `create` (tables and master data), `sell` (sales of some days), `change`
(what cashiers correct later) and `CROOKED` (what a broken database has). The generators keep no
books: what a day took is asked of the till's own tables.
"""
