"""Hold a bundle against RO-Crate 1.1 with the validator of the RO-Crate project: `make crate`.

Runs in an environment of its own and asks no network: the validator finds the context in its cache,
where this puts those terms of it that a bundle uses, as RO-Crate publishes them.
"""

import json
import sys
import tempfile
from pathlib import Path

import requests
import requests_cache  # type: ignore[import-not-found]
import urllib3
from rocrate_validator import models, services  # type: ignore[import-not-found]

CONTEXT = "https://w3id.org/ro/crate/1.1/context"
SCHEMA_ORG = (
    "CreateAction", "CreativeWork", "Dataset", "Organization", "SoftwareApplication", "about",
    "agent", "author", "contentSize", "datePublished", "description", "encodingFormat", "hasPart",
    "identifier", "instrument", "license", "mentions", "name", "object", "publisher", "result",
    "softwareRequirements", "temporalCoverage", "version",
)  # fmt: skip
TERMS = {
    **{term: f"http://schema.org/{term}" for term in SCHEMA_ORG},
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
}


def known(cache: str) -> None:
    """Put the context where the validator looks for it."""
    answer = requests.Response()
    answer.status_code, answer.url, answer.encoding = 200, CONTEXT, "utf-8"
    answer.headers["Content-Type"] = "application/ld+json"
    answer._content = json.dumps({"@context": TERMS}).encode()
    answer.raw = urllib3.HTTPResponse(body=b"", status=200, headers=answer.headers)
    asked = {"Accept": "application/ld+json, application/json"}
    answer.request = requests.Request("GET", CONTEXT, headers=asked).prepare()
    with requests_cache.CachedSession(cache, backend="sqlite", expire_after=-1) as session:
        session.cache.save_response(answer)


def issues(bundle: Path) -> list[str]:
    """Name what the profile requires and the bundle lacks."""
    with tempfile.TemporaryDirectory() as scratch:
        cache = f"{scratch}/http"
        known(cache)
        found = services.validate(
            services.ValidationSettings(
                rocrate_uri=bundle,
                profile_identifier="ro-crate-1.1",
                requirement_severity=models.Severity.REQUIRED,
                offline=True,
                cache_path=cache,
            )
        )
        told = [f"{issue.check.identifier} {issue.message}" for issue in found.get_issues()]
        return told if told or found.passed() else ["it did not pass"]


if __name__ == "__main__":
    faults = issues(Path(sys.argv[1]))
    print("\n".join(faults) or f"{sys.argv[1]} is an RO-Crate 1.1.")  # noqa: T201
    sys.exit(1 if faults else 0)
