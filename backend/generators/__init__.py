"""Who writes the answers: one module per engine, each behind the ``Generator`` port."""
