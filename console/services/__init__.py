"""Use cases; they own the threads. May import `store`, `media`, `links`, `model`; never Qt."""
