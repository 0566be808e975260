"""Stock change with its uncertainty: tree errors, a map model, and a design-based total.

What would have grown anyway is `mrv.change`; what may be credited is `mrv.crediting`.
"""
