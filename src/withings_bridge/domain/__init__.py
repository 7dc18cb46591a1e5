"""Facts and rules of Withings and of Vitals7: no I/O, no clock, the standard library alone."""
