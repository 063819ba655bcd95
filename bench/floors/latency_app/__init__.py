"""The floor of two benchmarks, open items and the callback: a function app that calls, answers and decides nothing."""
