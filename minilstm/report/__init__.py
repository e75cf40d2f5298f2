"""`minilstm reproduce`: all analyses on a model, the ledger of claims, and the report."""
