"""IPCC Guidelines for National Greenhouse Gas Inventories: accounts of regions, never issued."""
