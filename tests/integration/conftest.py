"""What the integration tests share."""

from native_runner import int8_program, native_runner

__all__ = ["int8_program", "native_runner"]
