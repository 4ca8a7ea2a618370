"""Templates of reports, as package data: ``templates/`` beside this file."""
