"""The status site: pages, feeds and the folder they are served from."""

from crisiscomms.website.build import build_site
from crisiscomms.website.deploy import deploy_folder, read_back
from crisiscomms.website.verify import verify_feeds

__all__ = ["build_site", "deploy_folder", "read_back", "verify_feeds"]
