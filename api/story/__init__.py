"""The story that demo and simulator tell: who acts, which lanes are gone, when vessels sail. Pure."""
