"""How the tables came to be, one file per step; `annotator.database` runs them at start-up."""
