"""What a reading of a city's receipts shows about a payment whose outcome is not known: present, absent, or nothing.

Presence is always believed; absence only by proof. Pure: ``shared.payments.reading`` brings what is judged here, and
docs/evidence.md says why each rule stands.

facts    what was sent, what is known beside the reading, and what can be concluded
judge    the conclusion
absence  what must be shown before an absence is believed
shown    what earlier readings taught: how references are written, how late the list is, by what clock
looks    whether two readings are of one list
"""
