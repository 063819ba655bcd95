"""``icadmin payments``: what is held, why, and what a person does about it."""
