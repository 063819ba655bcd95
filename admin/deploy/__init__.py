"""A region's stamp: deployed, updated and destroyed by one command."""
