"""What runs have shown: their samples and figures, the log, comparisons and the report.

Everything is pure except for ``log``, which keeps the files, and ``machine``, which reads `/proc`.
"""
