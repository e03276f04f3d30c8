"""Great Expectations in a process of its own: asked for verdicts, and given up when it hangs."""
