"""How a model is judged: measures, back-tests, comparisons with the rules of today, drift."""
