"""What routes ask for: the transaction they run in, and who is asking."""

from api.security import OptionalViewerDep, ViewerDep, allow
from api.transaction import SessionDep, get_session
from core.permissions import Viewer

__all__ = ["OptionalViewerDep", "SessionDep", "Viewer", "ViewerDep", "allow", "get_session"]
