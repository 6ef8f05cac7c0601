"""Measured: estimators from samples."""
