"""What an order set is worth by the twin's truth, in expectation: the office's two rules, four plain ones, the best there is."""
