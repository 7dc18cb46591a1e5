"""What must survive: one contract (base.py), kept by an embedded engine and by a distributed one."""
