"""Who enters, when, and who is told to come back.

``room`` decides, without I/O and on the caller's clock. ``gate`` is its asyncio side and the
``Admission`` port. ``ledger`` divides the engines among several gateways (docs/admission.md).
"""
