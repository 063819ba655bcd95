"""Words that every package uses: value types only, nothing that reads or writes."""
