"""What Withings answered into records and rows: fetched, compared, stored, projected."""
