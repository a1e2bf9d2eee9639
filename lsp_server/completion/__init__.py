"""Code at the cursor."""
