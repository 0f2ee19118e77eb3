"""Plain values and pure functions: no clock, no I/O, no Qt; imports nothing of ours but `errors`."""
