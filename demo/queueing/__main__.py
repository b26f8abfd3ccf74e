"""`python -m demo.queueing` prints the tables of docs/scale.md."""

from demo.queueing.tables import TABLES, table

for title in TABLES:
    print(f"{title}\n\n{table(title)}")  # noqa: T201 (what the program is for)
