"""How sure: draws of the effects and of the assumptions, apart and together."""
