"""Verra (Verified Carbon Standard): methodologies of the programme, one folder each."""
