"""What is stored of a person, as readers want it: pages, changes, charts, FHIR, streams, signals."""
