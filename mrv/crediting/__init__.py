"""From an estimate to whole credits, line by line and exact to the kilogram."""
