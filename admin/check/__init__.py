"""``icadmin biller check``: is everything there that posting needs, and whose turn is it where something is not?"""
