"""GaussDB NoSQL: facts and declarations."""
