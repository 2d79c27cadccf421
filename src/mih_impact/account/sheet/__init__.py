"""The assumptions of an account as a sheet that people edit."""
