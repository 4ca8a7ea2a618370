"""Sources and filters of examples: where rows come from, and which of them do not go on."""

from qlora_gov import FilterSpec, SourceSpec, hookimpl
from qlora_gov_data.delimited import Csv, CsvSettings
from qlora_gov_data.documents import Documents, DocumentSettings
from qlora_gov_data.duplicates import ExactDuplicates, NearDuplicates
from qlora_gov_data.hub import Hub, HubSettings
from qlora_gov_data.jsonl import Jsonl, JsonlSettings
from qlora_gov_data.language import Language, LanguageSettings
from qlora_gov_data.leaks import HeldOutLeak, HeldOutLeakSettings, leaks_measured
from qlora_gov_data.length import Length, LengthSettings
from qlora_gov_data.parquet import Parquet, ParquetSettings
from qlora_gov_data.reading import ReadingLevel, ReadingLevelSettings
from qlora_gov_data.similarity import Similarity
from qlora_gov_data.split import Split, SplitSettings
from qlora_gov_data.texts import Comparison
from qlora_gov_data.transcripts import Transcripts, TranscriptSettings

INVISIBLE = {2: {"invisible": "passed_over"}}
"""Rows that look alike are alike, from schema 2 on."""


@hookimpl
def qlora_gov_sources() -> list[SourceSpec]:
    """Contribute files of rows, data sets of the hub, logs of chats, and documents."""
    return [
        SourceSpec(
            name="jsonl",
            summary="a file with one JSON object a line",
            factory=Jsonl,
            config=JsonlSettings,
        ),
        SourceSpec(
            name="csv",
            summary="a table in a text file, with a line of column names",
            factory=Csv,
            config=CsvSettings,
        ),
        SourceSpec(
            name="parquet",
            summary="a Parquet file",
            factory=Parquet,
            config=ParquetSettings,
            requires=("datasets",),
            extra="data",
        ),
        SourceSpec(
            name="hub",
            summary="a data set of the Hugging Face hub at a fixed commit, or a directory laid out like one",
            factory=Hub,
            config=HubSettings,
            requires=("datasets", "huggingface_hub"),
            extra="data",
        ),
        SourceSpec(
            name="transcripts",
            summary="chats as plain text: who spoke, a colon, and what was said",
            factory=Transcripts,
            config=TranscriptSettings,
        ),
        SourceSpec(
            name="documents",
            summary="Markdown and text files, whose parts answer a prompt that names their heading",
            factory=Documents,
            config=DocumentSettings,
            requires=("markdown_it",),
            extra="data",
        ),
    ]


@hookimpl
def qlora_gov_filters() -> list[FilterSpec]:
    """Contribute what drops duplicates, leaks, and rows by length or part, and what labels them."""
    return [
        FilterSpec(
            name="exact_duplicates",
            summary="drops all but one of the same conversations, whatever their case and white space",
            factory=ExactDuplicates,
            config=Comparison,
            scope="set",
            revision=2,
            from_schema=INVISIBLE,
        ),
        FilterSpec(
            name="near_duplicates",
            summary="drops a conversation whose prompt and answer are nearly those of another one",
            factory=NearDuplicates,
            config=Similarity,
            scope="set",
            revision=2,
            from_schema=INVISIBLE,
        ),
        FilterSpec(
            name="length",
            summary="drops a row whose prompt or answer is too short or too long",
            factory=Length,
            config=LengthSettings,
        ),
        FilterSpec(
            name="language",
            summary="tells the language of a row that states none, and drops rows in others than those to keep",
            factory=Language,
            config=LanguageSettings,
            requires=("py3langid",),
            extra="data",
        ),
        FilterSpec(
            name="reading_level",
            summary="tells how hard English rows are to read, by the grade of school",
            factory=ReadingLevel,
            config=ReadingLevelSettings,
            requires=("pyphen", "textstat"),
            extra="data",
        ),
        FilterSpec(
            name="held_out_leak",
            summary="drops a training row whose group or text is in the evaluation set, or nearly, or that holds one",
            factory=HeldOutLeak,
            config=HeldOutLeakSettings,
            revision=2,
            from_schema=INVISIBLE,
            decontaminates=True,
            measured=leaks_measured,
        ),
        FilterSpec(
            name="split",
            summary="leaves one part of the rows: by shares that hold in every stratum, with groups and prompts whole",
            factory=Split,
            config=SplitSettings,
            scope="set",
        ),
    ]
