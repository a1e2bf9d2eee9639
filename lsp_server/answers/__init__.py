"""An answer on its way to the editor."""
