"""Measurement, reporting and verification: from plots to estimates, from estimates to claims."""
