"""What the module does, without Slicer's interface: logic.py."""
