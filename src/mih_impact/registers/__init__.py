"""From the registers as they come, tables and spells, to a panel, with the fate of every row.

`tables` is what the caller declares; `taking` brings a table into the engine with keys, dates and
amounts of one type; `fates` says which rows count; `rows` says who the persons are and what a row
gives them; `spells` reckons days; `build` puts the columns side by side; `built` is the panel that
knows where it came from; `spec` reads it all from a file. The statements are run by the engine of
`opening`, which is DuckDB, or of `spark`.
"""
