"""Tell Caselle about its customers: who is on AutoPay, and under which e-mail address they registered.

``message`` what arrives, ``update`` a new one, ``drive`` one that waits, ``sheet`` what a clerk enters by hand.
"""
