"""TensorRT engines: built on the device they run on, accepted on the bundle's golden data, kept beside a record.

Torch-free; ``tensorrt`` and the CUDA runtime are loaded when they are used. The modules are imported by name.
"""
