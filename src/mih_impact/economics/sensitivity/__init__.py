"""What the answer hangs on: one assumption at a time, two, named scenarios, switching values."""
