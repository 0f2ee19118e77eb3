"""Pictures: sources, decoder processes, shared-memory slots. May import `model`; never `store` or `links`."""
