"""Schema analysis: the schema that the data really has."""
