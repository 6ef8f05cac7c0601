"""China Certified Emission Reduction (CCER, 国家核证自愿减排量): methodologies of the ministry, one folder each."""
