"""Agreements: the school's pages, the enterprise's, and the page of a link."""
