"""Who asks: adapters behind the ``Identity`` port, and the quotas of whom they name."""
