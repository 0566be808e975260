"""Parkland schedules here: thin Dagster assets that read, call one `mrv` function, write, report.

No arithmetic about carbon and no SQL; an `if` about carbon here is in the wrong package.
"""
