"""The status site: pages, feeds, and how they get to where readers find them."""

from crisiscomms.website.build import build_site
from crisiscomms.website.feed import build_feed
from crisiscomms.website.feed_reader import verify_feeds

__all__ = ["build_feed", "build_site", "verify_feeds"]
