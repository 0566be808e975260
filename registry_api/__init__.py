"""Parkland remembers here: the SQL ledger, its services, the HTTP API and the web pages.

`services` is the only code that touches the ORM models and the only writer of the ledger.
How much may be credited is decided in `mrv`, never here.
"""
