"""Who we post for: billers, what they allow, and the keys Caselle calls back with."""
