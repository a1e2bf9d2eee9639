"""vLLM's engine in this process, behind the `Generator` port."""
