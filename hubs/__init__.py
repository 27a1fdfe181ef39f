"""The distribution hubs: gates, sailings, dwell."""
