"""Biochar: how much carbon goes into the soil with it, how much stays, and what making it gives off."""

from tanhui.sinks.biochar.account import account
from tanhui.sinks.biochar.curve import remaining_share
from tanhui.sinks.biochar.mass import carbon_t, dry_t
from tanhui.sinks.biochar.permanence import METHODS, kept_share

__all__ = ["METHODS", "account", "carbon_t", "dry_t", "kept_share", "remaining_share"]
