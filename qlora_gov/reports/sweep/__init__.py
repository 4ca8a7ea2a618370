"""The report of a sweep: a table, a plot, and what the rows show of the best trial."""
