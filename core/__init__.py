"""What every room stands on: settings, database, errors, accounts. No food words here."""
