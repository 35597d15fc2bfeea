"""The training tab, for admins: a page of its own over JSON routes."""
