"""What a credit stands on, by content, and the way down to it.

Estimating and crediting are decided elsewhere; here they are written down, digested and followed.
"""
