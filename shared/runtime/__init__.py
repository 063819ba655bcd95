"""Settings, telemetry and the one place where the parts are put together, on first use and never at import."""
