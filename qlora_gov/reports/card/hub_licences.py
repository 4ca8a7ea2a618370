"""The licences that the Hugging Face Hub has an identifier for, and how a project's licence is told to it.

The list of https://huggingface.co/docs/hub/repositories-licenses as of 2026-06-06, each with its full name.
"""

from __future__ import annotations

import re

from qlora_gov.text import one_line

HUB_LICENCES = {
    "afl-3.0": "Academic Free License v3.0",
    "agpl-3.0": "GNU Affero General Public License v3.0",
    "apache-2.0": "Apache license 2.0",
    "apple-amlr": "Apple Model License for Research",
    "apple-ascl": "Apple Sample Code license",
    "artistic-2.0": "Artistic license 2.0",
    "bigcode-openrail-m": "BigCode Open RAIL-M v1",
    "bigscience-bloom-rail-1.0": "BigScience BLOOM RAIL 1.0",
    "bigscience-openrail-m": "BigScience OpenRAIL-M",
    "bsd": "BSD license family",
    "bsd-2-clause": 'BSD 2-clause "Simplified" license',
    "bsd-3-clause": 'BSD 3-clause "New" or "Revised" license',
    "bsd-3-clause-clear": "BSD 3-clause Clear license",
    "bsl-1.0": "Boost Software License 1.0",
    "c-uda": "Computational Use of Data Agreement",
    "cc": "Creative Commons license family",
    "cc-by-2.0": "Creative Commons Attribution 2.0",
    "cc-by-2.5": "Creative Commons Attribution 2.5",
    "cc-by-3.0": "Creative Commons Attribution 3.0",
    "cc-by-4.0": "Creative Commons Attribution 4.0",
    "cc-by-nc-2.0": "Creative Commons Attribution Non Commercial 2.0",
    "cc-by-nc-3.0": "Creative Commons Attribution Non Commercial 3.0",
    "cc-by-nc-4.0": "Creative Commons Attribution Non Commercial 4.0",
    "cc-by-nc-nd-3.0": "Creative Commons Attribution Non Commercial No Derivatives 3.0",
    "cc-by-nc-nd-4.0": "Creative Commons Attribution Non Commercial No Derivatives 4.0",
    "cc-by-nc-sa-2.0": "Creative Commons Attribution Non Commercial Share Alike 2.0",
    "cc-by-nc-sa-3.0": "Creative Commons Attribution Non Commercial Share Alike 3.0",
    "cc-by-nc-sa-4.0": "Creative Commons Attribution Non Commercial Share Alike 4.0",
    "cc-by-nd-4.0": "Creative Commons Attribution No Derivatives 4.0",
    "cc-by-sa-3.0": "Creative Commons Attribution Share Alike 3.0",
    "cc-by-sa-4.0": "Creative Commons Attribution Share Alike 4.0",
    "cc0-1.0": "Creative Commons Zero v1.0 Universal",
    "cdla-permissive-1.0": "Community Data License Agreement – Permissive, Version 1.0",
    "cdla-permissive-2.0": "Community Data License Agreement – Permissive, Version 2.0",
    "cdla-sharing-1.0": "Community Data License Agreement – Sharing, Version 1.0",
    "creativeml-openrail-m": "CreativeML OpenRAIL-M",
    "deepfloyd-if-license": "DeepFloyd IF Research License Agreement",
    "ecl-2.0": "Educational Community License v2.0",
    "epl-1.0": "Eclipse Public License 1.0",
    "epl-2.0": "Eclipse Public License 2.0",
    "etalab-2.0": "Etalab Open License 2.0",
    "eupl-1.1": "European Union Public License 1.1",
    "eupl-1.2": "European Union Public License 1.2",
    "fair-noncommercial-research-license": "FAIR Noncommercial Research License",
    "gemma": "Gemma Terms of Use",
    "gfdl": "GNU Free Documentation License family",
    "gpl": "GNU General Public License family",
    "gpl-2.0": "GNU General Public License v2.0",
    "gpl-3.0": "GNU General Public License v3.0",
    "grok2-community": "Grok 2 Community License Agreement",
    "h-research": "H Research License",
    "intel-research": "Intel Research Use License Agreement",
    "isc": "ISC",
    "lgpl": "GNU Lesser General Public License family",
    "lgpl-2.1": "GNU Lesser General Public License v2.1",
    "lgpl-3.0": "GNU Lesser General Public License v3.0",
    "lgpl-lr": "Lesser General Public License For Linguistic Resources",
    "llama2": "Llama 2 Community License Agreement",
    "llama3": "Llama 3 Community License Agreement",
    "llama3.1": "Llama 3.1 Community License Agreement",
    "llama3.2": "Llama 3.2 Community License Agreement",
    "llama3.3": "Llama 3.3 Community License Agreement",
    "llama4": "Llama 4 Community License Agreement",
    "lppl-1.3c": "LaTeX Project Public License v1.3c",
    "mit": "MIT",
    "mpl-2.0": "Mozilla Public License 2.0",
    "ms-pl": "Microsoft Public License",
    "ncsa": "University of Illinois/NCSA Open Source License",
    "odbl": "Open Database License family",
    "odc-by": "Open Data Commons License Attribution family",
    "ofl-1.1": "SIL Open Font License 1.1",
    "openmdw-1.0": "Open Model, Data & Weights License Agreement",
    "openmdw-1.1": "Open Model, Data & Weights License Agreement v1.1",
    "openrail": "OpenRAIL license family",
    "openrail++": "Open Rail++-M License",
    "osl-3.0": "Open Software License 3.0",
    "other": "Other",
    "pddl": "Open Data Commons Public Domain Dedication and License",
    "postgresql": "PostgreSQL License",
    "unknown": "Unknown",
    "unlicense": "The Unlicense",
    "wtfpl": "Do What The F*ck You Want To Public License",
    "zlib": "zLib License",
}
"""Full names by identifier."""

_BY_FULL_NAME = {name.lower(): identifier for identifier, name in HUB_LICENCES.items()}
_FREE_SOFTWARE = re.compile(r"((?:agpl|lgpl|gpl)-\d\.\d)(?:-only|-or-later|\+)")  # SPDX says which; the hub does not


def hub_licence(licence: str, link: str | None = None) -> dict[str, str]:
    """What a card's metadata says of a licence, by the hub's identifier where it has one for it.

    Any other licence is ``other``, under a name of its own and with the ``link`` to its text where one is stated.
    """
    told = one_line(licence).strip().lower()
    family = _FREE_SOFTWARE.fullmatch(told)
    identifier = _BY_FULL_NAME.get(told, family[1] if family else told)
    if identifier in HUB_LICENCES and identifier != "other":
        return {"license": identifier}
    linked = {} if link is None else {"license_link": link}
    if identifier == "other":  # it has no name but that
        return {"license": "other", **linked}
    name = re.sub(r"[^a-z0-9.]+", "-", told).strip("-")
    return {"license": "other", "license_name": name or "unnamed", **linked}
