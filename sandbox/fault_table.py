"""Where the faults that are switched on are kept: state.py makes the table, faults.py uses it."""

from __future__ import annotations

TABLE = """
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    fault TEXT NOT NULL,
    value TEXT NOT NULL
);
"""
