"""The declarations: one module a chapter, each ending with its groups. ``gaussnb/nosql/groups.py`` has the table of those."""
