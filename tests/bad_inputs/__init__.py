"""The 62 bad inputs, each planted into a clean month: normalised and counted, set aside, or refused by name."""
