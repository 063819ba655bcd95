"""Settings, wiring and telemetry: where the parts are put together, on first use and never at import."""
