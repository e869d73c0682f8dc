"""The rectifier on photographs: real ones of known records, and photographed renderings."""
