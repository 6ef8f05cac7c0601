"""Double registration 重复登记: the same land or project elsewhere, and rights that two parties claim.

``model`` (sites, pairs) < ``names``, ``match`` (pure: sites in, pairs out) < ``read_kml``, ``read_sites`` (files) <
``statement`` (what is signed, and its pages) < ``service``. Geometry is certain; a name is only possible.
"""

from tanhui.projects.duplicates.model import Pair, Site
from tanhui.projects.duplicates.service import Checked, Question, check_duplicates, verify_statement

__all__ = ["Checked", "Pair", "Question", "Site", "check_duplicates", "verify_statement"]
