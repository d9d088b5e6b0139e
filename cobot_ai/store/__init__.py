"""Everything durable: ledger, registry, clips, bags, accounts, cell files."""
