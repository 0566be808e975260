"""Parkland decides here: pure science and rules, arrays, tables and dataclasses in and out.

Nothing in this package knows an orchestrator, a web framework or a database, and only
`mrv.sources` opens a file or a connection.
"""
