"""The shared warehouses: rooms, stock, first-expired-first-out."""
