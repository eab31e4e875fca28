"""The status site: pages, feeds, and how they get to where readers find them."""

from crisiscomms.website.briefs import Sources
from crisiscomms.website.build import build_site
from crisiscomms.website.files import Files
from crisiscomms.website.verify import verify_feeds

__all__ = ["Files", "Sources", "build_site", "verify_feeds"]
