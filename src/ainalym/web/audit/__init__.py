"""The auditor's room: closed periods, any lot's way both ways, and who changed what."""
