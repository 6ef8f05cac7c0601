"""The five forestry and grassland methodologies of the first CCER, ended: history and education, never issued."""
