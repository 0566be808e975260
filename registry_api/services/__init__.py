"""What the registry does: the only code that touches its tables, and the only writer of its ledger.

Every service takes a session, checks its rule, flushes and never commits: the HTTP request or
`unit_of_work` around it is the transaction. What services hand out is in `views`.
"""
