"""Tools of the CDM for afforestation and reforestation: rules that methodologies share, never issued themselves."""
