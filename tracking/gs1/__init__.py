"""GS1 keys, application identifiers, Digital Link URIs and EPC URNs: pure text, no clock, no database."""
