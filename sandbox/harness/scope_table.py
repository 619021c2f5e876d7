"""The table of organizations and projects. An account begins with the organization `default`."""

from __future__ import annotations

ACCOUNT = ""  # in the place of the organization of an organization
TABLE = """
CREATE TABLE IF NOT EXISTS harness_scopes (
    kind TEXT NOT NULL,
    organization TEXT NOT NULL,
    identifier TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (kind, organization, identifier)
);
INSERT OR IGNORE INTO harness_scopes VALUES
    ('organization', '', 'default',
     '{"identifier": "default", "name": "default", "description": "", "tags": {}}', 1704067200000, 1704067200000);
"""
