"""From files to accepted records: reading, mapping, rules, quarantine and the ledger."""
