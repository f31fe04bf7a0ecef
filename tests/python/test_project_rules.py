"""The project's rules that dbt-bouncer cannot check, on the manifest alone; needs no database."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.python import preloaded

PROJECT_DIR = Path(__file__).resolve().parents[2]
POSTGRES_NAME_BYTES = 63


BRANCHES_OF_TILLS = "base_audit__till_branches"
"""Has no records to judge; read by the till systems that the sample company does not have."""


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The manifest as `dbt parse` makes it; `make lint` has none of its warnings."""
    file = tmp_path_factory.mktemp("parsed") / "manifest.json"
    preloaded.manifest(file)
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def marts(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in models(manifest) if node["fqn"][1] == "marts"]


def models(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (node for node in manifest["nodes"].values() if node["resource_type"] == "model")


def constraints(mart: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [each for each in mart["constraints"] if each["type"] == kind]


def primary_key(mart: dict[str, Any]) -> list[str]:
    (constraint,) = constraints(mart, "primary_key")
    columns: list[str] = constraint["columns"]
    return columns


def generic_tests(manifest: dict[str, Any], mart: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Each generic test of a model: its kind, and the columns that it is about."""
    return [
        (
            node["test_metadata"]["name"],
            node["test_metadata"]["kwargs"].get("columns") or [node["column_name"]],
        )
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("attached_node") == mart["unique_id"]
    ]


def test_every_name_is_short_enough_for_postgres(manifest: dict[str, Any]) -> None:
    too_long = [
        node["name"]
        for node in manifest["nodes"].values()
        if len(node["name"].encode()) > POSTGRES_NAME_BYTES
    ]
    assert too_long == [], "give these tests a name that reads as a sentence"


def test_every_primary_key_of_a_mart_is_tested(
    manifest: dict[str, Any], marts: list[dict[str, Any]]
) -> None:
    for mart in marts:
        key = primary_key(mart)
        tests = generic_tests(manifest, mart)
        assert ("is_key", key) in tests, (
            f"{mart['name']}: nothing tests that {key} is unique and never null"
        )


def test_every_column_that_names_another_marts_key_is_a_foreign_key(
    marts: list[dict[str, Any]],
) -> None:
    keys = {primary_key(mart)[0]: mart["name"] for mart in marts if len(primary_key(mart)) == 1} | {
        "business_date": "dim_dates",
        "month_start": "dim_dates",
    }
    for mart in marts:
        declared = {each["columns"][0] for each in constraints(mart, "foreign_key")}
        for column, referenced in keys.items():
            if column in mart["columns"] and mart["name"] not in (referenced, "dim_dates"):
                assert column in declared, f"{mart['name']}.{column} -> {referenced}"


def test_the_landing_page_names_every_mart_with_its_key(marts: list[dict[str, Any]]) -> None:
    page = (PROJECT_DIR / "docs" / "dbt" / "overview.md").read_text()
    rows = dict(
        re.findall(r"^\| \[(\w+)\]\(#!/model/model\.mypizza\.\1\) .* \| (.*) \|$", page, re.M)
    )
    assert rows == {
        mart["name"]: ", ".join(f"`{column}`" for column in primary_key(mart)) for mart in marts
    }


def test_the_exposure_of_the_metrics_names_what_they_read(manifest: dict[str, Any]) -> None:
    (exposure,) = (each for each in manifest["exposures"].values() if each["name"] == "metrics")
    read = {
        node
        for each in manifest["semantic_models"].values()
        for node in each["depends_on"]["nodes"]
    }
    assert set(exposure["depends_on"]["nodes"]) == read


def test_everything_in_the_semantic_layer_is_described(manifest: dict[str, Any]) -> None:
    layers = [*manifest["semantic_models"].values()]
    things = [
        *layers,
        *manifest["metrics"].values(),
        *manifest["saved_queries"].values(),
        *(
            part
            for layer in layers
            for kind in ("entities", "dimensions", "measures")
            for part in layer[kind]
        ),
    ]
    assert [thing["name"] for thing in things if not thing["description"]] == []
    assert len(manifest["metrics"]) > 40


def test_a_text_that_three_columns_share_stands_in_one_place() -> None:
    texts: Counter[str] = Counter()
    for file in sorted((PROJECT_DIR / "models").rglob("*.yml")):
        content = yaml.safe_load(file.read_text()) or {}
        for model in content.get("models", []):
            texts.update(column["description"].strip() for column in model.get("columns", []))
    repeated = [text for text, uses in texts.items() if uses >= 3 and "doc(" not in text]
    assert repeated == [], "make these doc blocks in models/columns.md"


NO_MONEY = re.compile(
    r"(^|_)(units|count|quantity|share|cover|level|consumption|rate|orders|orders_spread|spreads_away)$"
)
"""The names of numbers with places that are no money."""

SAYS_TAX = re.compile(
    r"\b(with|without|no|the) tax\b|^tax\b|tax that|tax charged|`tax", re.IGNORECASE
)


def test_every_amount_of_a_mart_says_whether_tax_is_in_it(marts: list[dict[str, Any]]) -> None:
    amounts = [
        (mart["name"], name, column["description"], set(mart["columns"]))
        for mart in marts
        if "currency" in mart["columns"]
        for name, column in mart["columns"].items()
        if column["data_type"].startswith("numeric") and not NO_MONEY.search(name)
    ]
    # what is not rounded is the amount beside it
    assert [
        f"{mart}.{name}: say whether it is with or without tax, in its description"
        for mart, name, text, columns in amounts
        if name.removesuffix("_exact") not in columns - {name} and not SAYS_TAX.search(text)
    ] == []
    assert len(amounts) > 100


def test_models_have_less_than_fifty_lines_of_code_on_average() -> None:
    lengths = [
        sum(
            1
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.strip() and not line.strip().startswith("--")
        )
        for file in (PROJECT_DIR / "models").rglob("*.sql")
    ]
    assert sum(lengths) / len(lengths) < 50


def test_every_model_is_read_by_something(manifest: dict[str, Any]) -> None:
    nodes = manifest["nodes"] | manifest["exposures"]
    for model in models(manifest):
        if model["name"] == BRANCHES_OF_TILLS:
            continue
        readers = [
            child
            for child in manifest["child_map"][model["unique_id"]]
            # a model's own column tests and unit tests are no use of it
            if child in nodes and not nodes[child].get("test_metadata")
        ]
        assert readers, f"{model['name']} is built, but nothing reads it"


def test_only_the_models_of_its_own_folder_read_a_source(manifest: dict[str, Any]) -> None:
    for name, source in manifest["sources"].items():
        folder = source["original_file_path"].rpartition("/")[0]
        for child in manifest["child_map"][name]:
            node = manifest["nodes"].get(child, {})
            if node.get("resource_type") == "model":
                assert node["original_file_path"].startswith(folder + "/"), (name, child)


def test_consumers_read_public_models_alone(
    manifest: dict[str, Any], marts: list[dict[str, Any]]
) -> None:
    public = {model["unique_id"] for model in models(manifest) if model["access"] == "public"}
    live = {model["unique_id"] for model in models(manifest) if model["fqn"][1] == "live"}
    assert public == live | {mart["unique_id"] for mart in marts}
    for exposure in manifest["exposures"].values():
        assert set(exposure["depends_on"]["nodes"]) <= public, exposure["name"]


def test_every_model_belongs_to_a_group_with_an_owner(manifest: dict[str, Any]) -> None:
    owners = {group["name"]: group["owner"]["email"] for group in manifest["groups"].values()}
    assert all(owners.get(model["group"]) for model in models(manifest))
    assert {model["group"] for model in models(manifest)} == set(owners)


def test_every_base_model_is_judged_in_the_quarantine(manifest: dict[str, Any]) -> None:
    bases = {
        model["unique_id"]
        for model in models(manifest)
        if model["name"].startswith("base_")
        and model["name"] != BRANCHES_OF_TILLS
        # what only maps or opens an export or a collection is judged with the lines of all
        and not re.fullmatch(
            "base_exports__(?!lines$).*|base_documents__(?!reviews$).*|base_streams__messages",
            model["name"],
        )
    }
    (quarantine,) = (model for model in models(manifest) if model["name"] == "quarantine")
    assert bases
    assert bases <= set(quarantine["depends_on"]["nodes"])


def test_every_raw_table_says_which_of_its_columns_are_personal() -> None:
    for source in staging_properties("_*__sources.yml", "sources"):
        for table in source["tables"]:
            if source["name"] == "audit" or table["name"].startswith("_"):
                continue
            personal = table.get("config", {}).get("meta", {}).get("personal")
            assert personal is not None, (
                f"{source['name']}.{table['name']}: say in config.meta.personal which columns may"
                " tell something of a person; [] if none may"
            )
            assert set(personal) <= {column["name"] for column in table["columns"]}


def test_every_base_model_that_reads_a_personal_column_is_restricted() -> None:
    personal = {
        (source["name"], table["name"]): table.get("config", {}).get("meta", {}).get("personal", [])
        for source in staging_properties("_*__sources.yml", "sources")
        for table in source["tables"]
    }
    restricted = {
        model["name"]
        for model in staging_properties("base/_*__base.yml", "models")
        if model.get("config", {}).get("schema") == "restricted"
    }
    readers, known = set(), set(restricted)
    for base in (PROJECT_DIR / "models" / "staging").glob("*/base/base_*.sql"):
        code = re.sub(r"--.*|\{#.*?#\}", "", base.read_text(encoding="utf-8"))
        if "schema='restricted'" in code:
            known.add(base.stem)
        for source in re.findall(r"source\('(\w+)', '(\w+)'\)", code):
            if set(personal[source]) & set(re.findall(r"\w+", code)):
                readers.add(base.stem)
    assert len(readers) >= 6
    assert readers <= known, "their schema is `restricted`: docs/personal-data.md"
    # these read what the models of feeds and collections have opened or mapped
    assert restricted - readers == {
        *(f"base_files__{kind}" for kind in ("posts", "tickets", "reviews")),
        *(f"base_documents__{kind}" for kind in ("guest_reviews", "reviews")),
        "base_exports__customers",
        "base_streams__events",
    }


def staging_properties(files: str, kind: str) -> Iterator[dict[str, Any]]:
    """What YAML of the staging layer describes, also of systems that are not in use."""
    for file in (PROJECT_DIR / "models" / "staging").glob(f"*/{files}"):
        yield from yaml.safe_load(file.read_text(encoding="utf-8"))[kind]


def test_every_staging_model_of_judged_records_is_tested_to_lose_none(
    manifest: dict[str, Any],
) -> None:
    for model in models(manifest):
        if any(".base_" in parent for parent in model["depends_on"]["nodes"]) and model[
            "name"
        ].startswith("stg_"):
            tested = {kind for kind, _ in generic_tests(manifest, model)}
            # lines of files, messages and documents have tests of their own
            tested |= {
                node["name"]
                for node in manifest["nodes"].values()
                if node["resource_type"] == "test"
                and model["unique_id"] in node["depends_on"]["nodes"]
            }
            assert tested & {
                "nothing_is_lost", "no_line_of_a_file_is_lost", "no_message_of_a_stream_is_lost",
                "no_review_of_a_collection_is_lost", "no_guest_of_an_export_is_lost",
            }, model["name"]  # fmt: skip


def test_every_rule_of_a_base_model_stands_in_the_docs() -> None:
    page = (PROJECT_DIR / "docs" / "quarantine.md").read_text()
    checks = set()
    for base in (PROJECT_DIR / "models" / "staging").glob("*/base/base_*.sql"):
        checks |= set(re.findall(r"broken\(\s*'(\w+)'", base.read_text()))
    assert checks
    assert {column for column in checks if f"`{column}: '" not in page} == set()


def test_every_link_in_readme_and_docs_leads_somewhere() -> None:
    docs = set((PROJECT_DIR / "docs").rglob("*.md"))
    # what the docs site shows links to pages of that site
    docs -= {PROJECT_DIR / "docs" / "dbt" / f"{name}.md" for name in ("overview", "figures")}
    broken = []
    for page in {*PROJECT_DIR.glob("*.md"), *docs}:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, anchor = link.partition("#")
            file = page.parent / path if path else page
            if ":" in link or (file.exists() and (not anchor or anchor in headings(file))):
                continue
            broken.append(f"{page.relative_to(PROJECT_DIR)}: {link}")
    assert broken == []


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_ways_of_paying_and_channels_are_described_as_they_are_accepted(
    manifest: dict[str, Any],
) -> None:
    columns = (PROJECT_DIR / "models" / "columns.md").read_text()
    seed = (PROJECT_DIR / "seeds" / "payment_methods.csv").read_text().splitlines()[1:]
    dimensions = {
        dimension["name"]: dimension["description"]
        for layer in manifest["semantic_models"].values()
        if layer["name"] in ("orders", "payments")
        for dimension in layer["dimensions"]
    }
    for name, of_seed in (
        ("channel", set()),
        ("payment_method", {line.rsplit(",", 1)[1] for line in seed}),
    ):
        (text,) = re.findall(rf"{{% docs {name} %}}\n(.*?)\n{{%", columns)
        accepted: set[str] = set()
        for node in manifest["nodes"].values():
            values = node.get("test_metadata", {}).get("kwargs", {}).get("values")
            tested = manifest["nodes"].get(node.get("attached_node"), {}).get("columns", {})
            # a ticket's channel is another one
            if values and tested.get(node["column_name"], {}).get("description") == text:
                accepted.update(values)
        assert of_seed <= accepted
        for description in (text, dimensions[name]):
            described = set(re.findall(r"`(\w+)`", description)) - {"payment_methods"}
            assert described == accepted, (name, description)
