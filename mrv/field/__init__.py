"""Field data: tree inventories as crews bring them, checked row by row."""
