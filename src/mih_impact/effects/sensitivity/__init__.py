"""How strong must what nobody sees be, or how selective those who leave, to change the answer."""
