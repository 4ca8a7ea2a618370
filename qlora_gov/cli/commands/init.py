"""The command that writes a project file to start from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from qlora_gov.errors import StorageError, UsageError
from qlora_gov.project.file import PROJECT_FILE, SCHEMA_FILE, project_schema

TEMPLATE = """\
# A project of qlora_gov. `qlora-gov run` does the rest.
schema: 2
about:
  title: My assistant
  intended_use: What the adapter is for, and for whom.
  limits: [What it must not be used for.]
  licence: other
seed: 7
base: embedded          # or a hub id, a directory, a .gguf file
data:
  training:
    sources:
      # provenance: human, synthetic or historical; consent: on what basis the rows may be used
      - {use: jsonl, path: data/train.jsonl, provenance: human, licence: other, consent: written for this}
    steps:
      - exact_duplicates
      - near_duplicates
      - held_out_leak
      - {use: toxicity_lexical, action: drop}
      - {use: pii, action: redact}
  evaluation:           # frozen: training data is kept clear of it
    sources:
      - {use: jsonl, path: data/evaluation.jsonl, provenance: human, licence: other, consent: written for this}
training: {use: nf4-qlora, preset: instruction}
evaluation:
  metrics:              # the first two read any language
    - {use: rouge_l, tokenizer: unicode}
    - {use: bleu, tokenize: auto}
    - perplexity
  guardrails: [toxicity_lexical, pii]
policy:
  rules:                # all must pass; a rule that cannot tell does not pass
    - {use: non_inferior, metric: perplexity, margin: 0.05}
    - {use: non_inferior, metric: rouge_l, margin: 0.02}
    # A limit takes rows without a finding: 0.05 takes 59, 0.03 takes 99, 0.01 takes 299. 'plan' says it of your rows.
    - {use: at_most, metric: toxicity_lexical_rate, limit: 0.05}
    - {use: at_most, metric: pii_rate, limit: 0.05}
"""


MODELINE = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""The first line of a project file, from which editors know the schema of the rest."""


def _ours(schema: Path) -> bool:
    """Whether some version of this program wrote the file: its title says so."""
    try:
        found = json.loads(schema.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and found.get("title") == json.loads(project_schema())["title"]


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--schema", "schema_alone", is_flag=True, help="Write the schema alone, for a project file that exists.")
def command(directory: Path, schema_alone: bool) -> None:
    """Write a project file to start from into DIRECTORY, and beside it the JSON schema that editors complete it by."""
    path, schema = directory / PROJECT_FILE, directory / SCHEMA_FILE
    if path.exists() and not schema_alone:
        raise UsageError(f"{path} exists; it is left as it is")
    if schema.exists() and not _ours(schema):
        raise UsageError(f"{schema} exists and is not the schema of a project file; it is left as it is")
    renewed = schema.exists() and schema.read_text(encoding="utf-8") != project_schema()
    files = {schema: project_schema()} | ({} if schema_alone else {path: f"{MODELINE}\n{TEMPLATE}"})
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{error.filename}: cannot be written: {error.strerror}") from error
    if renewed:
        click.echo(f"replaced {schema}, which another version had written")
    if schema_alone:
        click.echo(f"wrote {schema}: editors read it where the project file begins with '{MODELINE}'")
    else:
        click.echo(f"wrote {path}: put your data where it says, then 'qlora-gov run {directory}'")
