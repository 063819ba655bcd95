"""A Caselle that runs on one machine: the GraphQL relay, its OAuth endpoint, and a control API."""
