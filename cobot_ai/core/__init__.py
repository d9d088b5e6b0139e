"""Pure rules: standard library and numpy only; no I/O, no clock, no threads."""
