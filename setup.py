"""What pyproject.toml cannot say: an editable installation has the checkout's studies too, which no wheel carries."""

from setuptools import setup
from setuptools.command.build_py import build_py

LAB = "vizecg_lab"


class BuildPy(build_py):
    """In an editable installation nothing is copied: setuptools asks the distribution afterwards where packages lie."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            self.distribution.packages = [*self.distribution.packages, LAB]
            self.distribution.package_dir = {**self.distribution.package_dir, LAB: f"benchmarks/{LAB}"}


setup(cmdclass={"build_py": BuildPy})
