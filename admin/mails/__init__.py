"""The two mails with which a project begins: to the city's CSM at Caselle, and to the city."""
