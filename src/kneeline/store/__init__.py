"""Floor 3: the store. What happened, kept for each person on SQLite or PostgreSQL, exported, merged and erased."""

from kneeline.store.database import NEAR
from kneeline.store.kept import Kept, KeptSet, Person, PoseLog, Session, SetStart
from kneeline.store.store import Store, default_folder, erase

__all__ = ["NEAR", "Kept", "KeptSet", "Person", "PoseLog", "Session", "SetStart", "Store", "default_folder", "erase"]
