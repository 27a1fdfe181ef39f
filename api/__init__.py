"""Every way in: HTTP, pages, command line. The only room that knows HTTP and the clock."""
