"""From a notification to work that is done: received, claimed, turned over, asked for, tended."""
