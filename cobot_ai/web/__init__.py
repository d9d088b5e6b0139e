"""The console: a stateless view of the ledger for tablets and engineers."""
