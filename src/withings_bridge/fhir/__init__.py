"""Records as resources of FHIR R4, for other health software. Pure: records in, resources out.

- ``datatypes``, ``resources``: the shapes, with just the elements that are used
- ``observations``, ``devices``: what a record says, as resources
- ``coding``, ``profiles``: what it is called there, and the profiles of vital signs
- ``identity``: ids, and the way back from one to its record
- ``moments``: times by the person's clock
- ``searching``: search parameters, and what they find
- ``capabilities``: what can be asked

docs/fhir.md tells what is served, and what is not.
"""
