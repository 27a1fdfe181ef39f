"""Routes of the API, a module a noun: validate, call what is below, answer."""
