"""What a process says of itself: log lines, figures, traces. Never who the patient is, never a body or a secret.

Composition roots switch it on; `api` and `worker.py` use it; the domain, the workflows and the storage know nothing of it.
"""
