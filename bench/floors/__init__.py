"""The least that each case can cost: the same unavoidable work with the same client libraries, and no logic."""
