"Installation, read from settings.ini with the standard library alone."
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

parser = ConfigParser(delimiters=["="])
parser.read(Path(__file__).parent / "settings.ini", encoding="utf-8")
settings = parser["DEFAULT"]

setup(
    name=settings["lib_name"],
    version=settings["version"],
    description=settings["description"],
    long_description=(Path(__file__).parent / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=settings["author"],
    author_email=settings["author_email"],
    license="Apache-2.0",
    url=settings["git_url"],
    keywords=settings["keywords"].split(),
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
    ],
    packages=find_packages(include=["expression_research", "expression_research.*"]),
    package_data={"expression_research": ["*.csv", "*.pyi", "py.typed", "templates/*"]},
    python_requires=">=" + settings["min_python"],
    install_requires=settings["requirements"].split(),
    extras_require={
        "dev": " ".join(
            settings[f"{name}_requirements"]
            for name in ("dev", "onnx", "timm", "faces", "export", "explain", "sign")
        ).split(),
        "onnx": settings["onnx_requirements"].split(),
        "heic": settings["heic_requirements"].split(),
        "timm": settings["timm_requirements"].split(),
        "export": settings["export_requirements"].split(),
        "faces": settings["faces_requirements"].split(),
        "explain": settings["explain_requirements"].split(),
        "sign": settings["sign_requirements"].split(),
    },
    entry_points={
        "console_scripts": settings["console_scripts"].split(),
        "nbdev": [f"{settings['lib_name']}={settings['lib_name']}._modidx:d"],
    },
    zip_safe=False,
)
