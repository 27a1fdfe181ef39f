"""EPCIS 2.0 documents, the words of CBV 2.0, and event hash ids. Pure: values in, values out."""
