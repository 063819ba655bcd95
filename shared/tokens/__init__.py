"""Caselle's OAuth tokens: received by the callback, kept in the vault, served to whoever sends."""
