"""How SQL is spelled and compared: identifiers, index statements, expressions, names of indexes."""
