"""The status site: pages, feeds, and how they get to where readers find them."""

from crisiscomms.website.build import build_site
from crisiscomms.website.verify import verify_feeds

__all__ = ["build_site", "verify_feeds"]
