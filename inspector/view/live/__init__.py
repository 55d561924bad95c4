"""Running lines: what is heard becomes sections of a page, which are sent to all that are open."""
