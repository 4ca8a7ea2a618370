"""What writes ``docs/reference/`` and the project file's JSON schema from the code; ``make docs`` runs it.

Each page has the module of its name, whose ``page`` returns its text. The same code gives the same bytes: nothing of a
page depends on the machine, the day, the terminal or the plugins that are installed besides.
"""
