"""`make audit`: the licenses and known vulnerabilities of what is locked, and a list of it (SBOM) for a release."""
