"""Send at most once, for any write to a peer that does not recognise a repetition.

Knows keys, states, leases and slots; does not know what is sent. Read ``entry`` (what is kept), ``rows`` (how it
lies in the table), ``transition`` (one state change, one transaction), then ``send_once`` (the algorithm).
"""
