"""Further inference: multiplier and wild bootstrap, clusters above the person, randomisation."""
