"""The product's own tables and collection, as sources.yml declares them."""

from include.tables import SOURCES_BY_NAME

USERS, VIEWING_SESSIONS, CONTENT = map(SOURCES_BY_NAME.get, ("users", "viewing_sessions", "content"))
