"""What each console command does, one module a command."""
