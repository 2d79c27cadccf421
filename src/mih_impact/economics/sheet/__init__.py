"""The assumptions of an account as a sheet that people edit: TOML, CSV and Excel, out and in."""
