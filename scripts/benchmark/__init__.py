"""The benchmark: contestants and scenarios are tables, and nothing that is printed is written here.

`cli` says what happens when; `locks`, `pantry` and `kitchen` make what is installed, `index` offers
it, `seats` is where a contestant works, `measure` measures one run, `rounds` all of them;
`results`, `goals`, `tables` and `plot` make of the figures what is read.
"""
