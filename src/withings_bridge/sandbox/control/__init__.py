"""The half of the sandbox that Withings does not have: what people and tests do to the pretend cloud."""
