"""People: accounts, engagements and who belongs to them, and how they come in."""
