"""The judge of the record: it rebuilds what happened and shares no code with the product.

It reads the store with Python's own SQLite, CAP files, a log of server-sent events and the
truth, and says what was lost, doubled, came from thin air or out of order, was late without
being declared so, or was an exercise dressed as live.
"""
