"""The clauses of ``ipcc/2019``: those that both editions share, answered by the numbers of this one."""

from tanhui.mrv.methods.ipcc import land_rules
from tanhui.mrv.methods.ipcc.land_rules import adopt

__all__ = [
    "biomass_stock_change_c_t",
    "combusted_fraction",
    "dead_matter_change_c_t",
    "disturbance_loss_c_t",
    "fire_gas_t",
    "gain_loss_c_t",
    "growth_c_t",
    "harvest_loss_c_t",
    "mineral_soil_change_c_t",
    "removal_co2_t",
]

gain_loss_c_t = adopt(land_rules.gain_loss_c_t, __name__)
biomass_stock_change_c_t = adopt(land_rules.biomass_stock_change_c_t, __name__)
growth_c_t = adopt(land_rules.growth_c_t, __name__)
harvest_loss_c_t = adopt(land_rules.harvest_loss_c_t, __name__)
disturbance_loss_c_t = adopt(land_rules.disturbance_loss_c_t, __name__)
dead_matter_change_c_t = adopt(land_rules.dead_matter_change_c_t, __name__)
mineral_soil_change_c_t = adopt(land_rules.mineral_soil_change_c_t, __name__)
combusted_fraction = adopt(land_rules.combusted_fraction, __name__)
fire_gas_t = adopt(land_rules.fire_gas_t, __name__)
removal_co2_t = adopt(land_rules.removal_co2_t, __name__)
