"""New code for a selection: how it is proposed, checked and applied."""
