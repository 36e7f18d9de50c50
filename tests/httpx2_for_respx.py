"""Lets respx mock httpx2: must run before respx's own pytest plugin imports httpx."""

import httpx2

httpx2.alias_httpx()
