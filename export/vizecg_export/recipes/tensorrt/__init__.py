"""TensorRT: typed Q/DQ graphs, and where quantisation goes in them."""
