"""The stages: each a function from records, and the rows behind them, to a record and its rows."""
