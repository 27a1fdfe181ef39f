"""The pages of the three faces: templates are drawn here, what they show is worked out below `api`."""
