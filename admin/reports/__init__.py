"""``icadmin report``: what came, what is at Caselle, and what does not fit."""
