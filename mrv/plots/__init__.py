"""Plot boundaries: screened, measured, disclosed only coarsely."""
