"""The read model: what the journal says of each demand now, ready to be read.

A fold over the journal, fact by fact in their order. Folding a demand's journal again from nothing gives the same
rows (:func:`rebuild`), except for the vehicles' engagements, which are decided elsewhere and only released here.
"""

from storage.projection.recording import FactsMissingError, Recorded, rebuild, record, record_batch

__all__ = ["FactsMissingError", "Recorded", "rebuild", "record", "record_batch"]
