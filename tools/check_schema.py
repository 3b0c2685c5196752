#!/usr/bin/python3
"""Checks YAML files against a JSON schema: check_schema.py SCHEMA FILE..."""
import json
import pathlib
import sys

import jsonschema
import yaml


def complaints(validator, file):
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    for error in sorted(validator.iter_errors(document), key=lambda e: list(map(str, e.absolute_path))):
        key = ".".join(map(str, error.absolute_path))
        yield f"{file}: {key}: {error.message}"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    found = [line for name in sys.argv[2:] for line in complaints(validator, pathlib.Path(name))]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
