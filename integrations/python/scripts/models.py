"""Makes src/iris_oculus/models.py of the API's OpenAPI document.

In: internal/api/openapi.json. Out: a TypedDict for each schema. Without an argument the
file is written; with --check the program ends with 1 where it would be another one.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
DOCUMENT = HERE.parent.parent / "internal" / "api" / "openapi.json"
MODELS = HERE / "src" / "iris_oculus" / "models.py"

# What a type of Python cannot say. With these the generator makes a named type of each text.
BOUNDS = {"minimum", "maximum", "minLength", "minItems", "maxItems", "pattern", "format", "additionalProperties"}


def bare(schema: Any) -> Any:
    """A schema without its bounds. additionalProperties stays where it is a schema."""
    if isinstance(schema, list):
        return [bare(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if key in BOUNDS and not (key == "additionalProperties" and isinstance(value, dict)):
            continue
        # The names of properties are not keywords of the schema.
        kept[key] = {name: bare(of) for name, of in value.items()} if key == "properties" else bare(value)
    return kept


def models() -> str:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    schemas = {name: bare(schema) for name, schema in document["components"]["schemas"].items()}
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "openapi.json", Path(folder) / "models.py"
        source.write_text(json.dumps({**document, "paths": {}, "components": {"schemas": schemas}}), "utf-8")
        subprocess.run(
            [
                *(sys.executable, "-m", "datamodel_code_generator"),
                *("--input", str(source), "--input-file-type", "openapi", "--output", str(made)),
                *("--output-model-type", "typing.TypedDict", "--target-python-version", "3.11"),
                *("--use-union-operator", "--use-standard-collections", "--use-schema-description"),
                *("--use-title-as-name", "--formatters", "builtin", "--disable-timestamp"),
                *("--custom-file-header", '"""The bodies of the API. Made by scripts/models.py of openapi.json."""'),
            ],
            check=True,
        )
        return made.read_text("utf-8")


def main() -> int:
    made = models()
    if "--check" not in sys.argv[1:]:
        MODELS.write_text(made, "utf-8")
        return 0
    if MODELS.read_text("utf-8") == made:
        return 0
    print("models.py is not what openapi.json says: python scripts/models.py writes it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
