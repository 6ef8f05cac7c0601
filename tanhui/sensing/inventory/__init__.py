"""Field inventories: US national tables (FIA), Chinese parcels and plot workbooks."""
