"""From tree to total: Monte Carlo (:mod:`.monte_carlo`), fast (:mod:`.analytic`), one interval (:mod:`.combine`).

Trees and their errors are :mod:`.model`, the figures behind them :mod:`.parameters`; :mod:`.totals` adds variances over
groups and dates; :mod:`.batches` keeps large tables within bounds; :mod:`.site_effect` learns from harvested trees how
much places differ. :mod:`.kernel`, :mod:`.moments` and :mod:`.numerics` are compiled: import them late.
"""
