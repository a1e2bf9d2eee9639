"""What runs have shown: samples and figures of each, their log, comparisons and the report. Pure
but for ``log``, which keeps the files.
"""
