"""What commands print: verdicts, moves, traces."""
